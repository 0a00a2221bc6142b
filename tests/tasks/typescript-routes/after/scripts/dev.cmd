@echo off
rem Runs the tests whenever a file changes.
setlocal
set "PORT=8181"
set "ROOT=%~dp0.."
if not exist "%ROOT%\node_modules\" echo Nothing is installed in %ROOT%\node_modules
for %%F in ("%ROOT%\build\tests\*.js") do node --test --watch "%%~fF" --port %PORT%
endlocal

//! The log of `serve` in its data folder: JSON lines, limited to the newest.

use super::data_folder::private_options;
use serde_json::json;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The maximum size of a file, in bytes. Two are kept, the current one and the previous one.
const LARGEST: u64 = 16 * 1024 * 1024;

/// The current file and its size. Each write is one line and stays whole.
#[derive(Debug)]
pub(crate) struct LogFile {
    path: PathBuf,
    earlier: PathBuf,
    file: File,
    size: u64,
    largest: u64,
    /// Lines that could not be written since the last that could.
    lost: u64,
}

impl LogFile {
    /// Continues the second of the files, which only its owner can read; the first keeps the lines before its own.
    ///
    /// # Errors
    /// When it cannot be opened for writing.
    pub(crate) fn open(files: [PathBuf; 2]) -> io::Result<Self> {
        Self::with_largest(files, LARGEST)
    }

    fn with_largest([earlier, path]: [PathBuf; 2], largest: u64) -> io::Result<Self> {
        let at = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        let file = append(&path).map_err(at)?;
        let size = file.metadata()?.len();
        Ok(Self { path, earlier, file, size, largest, lost: 0 })
    }
}

impl Write for LogFile {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let length = u64::try_from(line.len()).unwrap_or(u64::MAX);
        let is_full = self.size > 0 && self.size.saturating_add(length) > self.largest;
        let rotated = if is_full { self.rotate() } else { Ok(()) };
        match rotated.and_then(|()| self.append(line)) {
            Ok(()) => Ok(line.len()),
            Err(error) => {
                self.lost += 1;
                if self.lost == 1 {
                    // The log cannot say so itself.
                    eprintln!(
                        "ticketsmith: {} cannot be written, and lines are lost: {error}",
                        self.path.display()
                    );
                }
                Err(error)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl LogFile {
    /// Begins a new file; the current one becomes the earlier one.
    fn rotate(&mut self) -> io::Result<()> {
        match fs::rename(&self.path, &self.earlier) {
            // An attempt before this one renamed it, and could not make the new file.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            renamed => renamed?,
        }
        self.file = append(&self.path)?;
        self.size = 0;
        Ok(())
    }

    /// Writes a line whole or not at all, and before it how many could not be written.
    fn append(&mut self, line: &[u8]) -> io::Result<()> {
        let mut whole = Vec::new();
        if self.lost > 0 {
            let message = format!("{} lines could not be written here", self.lost);
            let said = json!({ "timestamp": jiff::Timestamp::now(), "level": "ERROR", "target": "ticketsmith", "message": message });
            writeln!(whole, "{said}")?;
        }
        whole.extend_from_slice(line);
        if let Err(error) = self.file.write_all(&whole) {
            // A full disk may accept only part of it.
            let _as_good_as_it_gets = self.file.set_len(self.size);
            return Err(error);
        }
        self.size += u64::try_from(whole.len()).unwrap_or(u64::MAX);
        self.lost = 0;
        Ok(())
    }
}

fn append(path: &Path) -> io::Result<File> {
    private_options().append(true).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn lines_that_a_full_disk_did_not_take_are_counted() {
        let folder = tempfile::tempdir().unwrap();
        let files = ["logs.jsonl.1", "logs.jsonl"].map(|name| folder.path().join(name));
        let mut log = LogFile::open(files.clone()).unwrap();
        let full = File::options().write(true).open("/dev/full").unwrap();
        let file = std::mem::replace(&mut log.file, full);
        for line in ["one\n", "two\n"] {
            assert_eq!(log.write_all(line.as_bytes()).unwrap_err().kind(), io::ErrorKind::StorageFull);
        }
        log.file = file;
        log.write_all(b"three\n").unwrap();
        log.write_all(b"four\n").unwrap();
        let written = fs::read_to_string(&files[1]).unwrap();
        let lines: Vec<_> = written.lines().collect();
        assert_eq!(lines.len(), 3, "{written}");
        assert!(lines[0].contains("2 lines could not be written here"), "{written}");
        assert_eq!(lines[1..], ["three", "four"]);
    }

    #[test]
    fn a_rotation_that_failed_halfway_is_finished_by_the_next_line() {
        let folder = tempfile::tempdir().unwrap();
        let files = ["logs.jsonl.1", "logs.jsonl"].map(|name| folder.path().join(name));
        let mut log = LogFile::with_largest(files.clone(), 10).unwrap();
        log.write_all(b"first\n").unwrap();
        fs::rename(&files[1], &files[0]).unwrap();
        log.write_all(b"second\n").unwrap();
        assert_eq!(files.map(|path| fs::read_to_string(path).unwrap()), ["first\n", "second\n"]);
    }

    #[test]
    fn the_newest_lines_are_kept_whole() {
        let folder = tempfile::tempdir().unwrap();
        let files = ["logs.jsonl.1", "logs.jsonl"].map(|name| folder.path().join(name));
        let mut log = LogFile::with_largest(files.clone(), 10).unwrap();
        for line in ["first\n", "two\n", "three\n", "a line longer than a file\n"] {
            log.write_all(line.as_bytes()).unwrap();
        }
        drop(log);
        let read = || files.each_ref().map(|path| fs::read_to_string(path).unwrap());
        assert_eq!(read(), ["three\n", "a line longer than a file\n"]);
        LogFile::with_largest(files.clone(), 100).unwrap().write_all(b"again\n").unwrap();
        assert_eq!(read(), ["three\n", "a line longer than a file\nagain\n"]);
    }
}

'use strict';
// Evaluates expressions with jsonata-js, bounded in depth as Step Functions bounds them.
// A line of the input is {"expression": text, "states": value}; a line of the output tells what became of it.
const jsonata = require('jsonata');
const { once } = require('events');
const readline = require('readline');
const { Worker, isMainThread, parentPort } = require('worker_threads');

const DEEPEST = 100;

// Step Functions writes the numbers that JSON lacks as strings.
const show = (value) => JSON.parse(JSON.stringify(value, (key, item) =>
    typeof item === 'number' && !Number.isFinite(item) ? String(item) : item));

const isFunction = (value) => typeof value === 'function' || Boolean(value && (value._jsonata_function || value._jsonata_lambda));

async function run({ expression, states }) {
    let compiled;
    try {
        compiled = jsonata(expression);
    } catch (error) {
        return { refused: error.code, message: error.message };
    }
    let depth = 0;
    compiled.assign(Symbol.for('jsonata.__evaluate_entry'), (node, input, environment) => {
        if (environment.isParallelCall) return;
        depth += 1;
        if (depth > DEEPEST) throw { code: 'U1001', message: 'too deep' };
    });
    compiled.assign(Symbol.for('jsonata.__evaluate_exit'), (node, input, environment) => {
        if (!environment.isParallelCall) depth -= 1;
    });
    try {
        const value = await compiled.evaluate(undefined, { states });
        if (value === undefined) return { undefined: true };
        return isFunction(value) ? { function: true } : { value: show(value) };
    } catch (error) {
        return error.code ? { error: error.code, message: error.message } : { internal: true };
    }
}

// Some expressions take jsonata-js hours, which only the end of its thread ends: such a one is answered as slow.
const SECONDS = 10;

if (isMainThread) {
    (async () => {
        let worker = new Worker(__filename);
        for await (const line of readline.createInterface({ input: process.stdin })) {
            worker.postMessage(line);
            const answered = once(worker, 'message').then(([answer]) => answer);
            let timer;
            const late = new Promise((resolve) => { timer = setTimeout(resolve, SECONDS * 1000, undefined); });
            let answer = await Promise.race([answered, late]);
            clearTimeout(timer);
            if (answer === undefined) {
                await worker.terminate();
                worker = new Worker(__filename);
                answer = JSON.stringify({ slow: true });
            }
            process.stdout.write(answer + '\n');
        }
        await worker.terminate();
    })();
} else {
    parentPort.on('message', async (line) => parentPort.postMessage(JSON.stringify(await run(JSON.parse(line)))));
}

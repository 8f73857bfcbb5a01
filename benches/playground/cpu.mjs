// Runs programs of programs/ in the PHP 8.3 of the Playground packages, each in a new instance. A
// line of input is the program's name and how often it runs; the answer is a line of measure.php.
//
// Usage: node --experimental-wasm-jspi cpu.mjs DIRECTORY-OF-THE-PACKAGES DIRECTORY-OF-BENCHES

import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { createInterface } from 'node:readline';

const [packages, benches] = process.argv.slice(2);
const { resolve } = createRequire(`${packages}/package.json`);
const load = async (name) => import(pathToFileURL(resolve(name)).href.replace(/\.cjs$/, '.js'));
const { loadNodeRuntime, createNodeFsMountHandler } = await load('@php-wasm/node');
const { PHP } = await load('@php-wasm/universal');

if (!('Suspending' in WebAssembly)) {
	throw new Error('This Node has no JSPI.');
}

for await (const line of createInterface({ input: process.stdin })) {
	const [program, runs] = line.split(' ');
	const php = new PHP(await loadNodeRuntime('8.3', { emscriptenOptions: { processId: 1 } }));
	php.mkdir('/benches');
	await php.mount('/benches', createNodeFsMountHandler(benches));
	const response = await php.run({
		code: `<?php ini_set( 'memory_limit', '256M' ); require '/benches/measure.php';`,
		env: { BENCH_PROGRAM: `/benches/programs/${program}.php`, BENCH_RUNS: runs },
	});
	process.stdout.write(response.text);
	php.exit();
}
process.exit(0);

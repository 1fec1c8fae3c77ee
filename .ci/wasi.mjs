// Runs a WebAssembly program with node's WASI: `node .ci/wasi.mjs PROGRAM FOLDER ARGS..`.
// FOLDER is the program's `/`; of the environment, it gets `EXECUTOR_TRACE`.
import { readFile } from 'node:fs/promises';
import { exit, argv, env } from 'node:process';
import { WASI } from 'node:wasi';

const [program, folder, ...args] = argv.slice(2);
const wasi = new WASI({
  version: 'preview1',
  args: [program, ...args],
  env: { EXECUTOR_TRACE: env.EXECUTOR_TRACE ?? '' },
  preopens: { '/': folder },
});
const module = await WebAssembly.compile(await readFile(program));
exit(wasi.start(await WebAssembly.instantiate(module, wasi.getImportObject())));

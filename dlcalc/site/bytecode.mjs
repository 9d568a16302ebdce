// node bytecode.mjs PYODIDE SCRIPT OUT PACKAGE...: runs SCRIPT in the Pyodide of a folder, with its packages loaded.
// The folder OUT stands at /out there.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [, , folder, script, out, ...packages] = process.argv;
const { loadPyodide } = await import(pathToFileURL(`${folder}/pyodide.mjs`));
const pyodide = await loadPyodide({ indexURL: `${folder}/`, lockFileURL: `${folder}/pyodide-lock.json` });
await pyodide.loadPackage(packages, { messageCallback() {} });
pyodide.FS.mkdir("/out");
pyodide.FS.mount(pyodide.FS.filesystems.NODEFS, { root: out }, "/out");
pyodide.FS.mkdir("/in");
pyodide.FS.mount(pyodide.FS.filesystems.NODEFS, { root: folder }, "/in");
pyodide.runPython(readFileSync(script, "utf8"));
process.exit(0);

// biome-ignore lint/style/useNodejsImportProtocol: njs knows its modules by this name
import fs from 'fs';

/**
 * Which branches have an open upgraded connection: an empty file for each, BRANCH.PID.CONNECTION, in a folder that is
 * empty when nginx starts. The number of a connection is unique over all workers, and over reloads.
 *
 * Runs in njs 0.7.9 and later.
 */

/** What a heartbeat has room for; what is left over comes first in the next. */
const MAX_BRANCHES = 100;
const MAX_BYTES = 6144;

const FILE_NAME = /^([a-z0-9-]+)\.([0-9]+)\.[0-9]+$/;

/** Notes that the request's connection was upgraded. Always '', and fails open: a file is worth no request. */
function note(request) {
  try {
    fs.writeFileSync(fileOf(request), '');
  } catch (error) {
    request.warn(`an open connection is not noted: ${error.message}`);
  }
  return '';
}

/** Notes that it ended. */
function forget(request) {
  try {
    fs.unlinkSync(fileOf(request));
  } catch (error) {
    // The outer one of two requests, of which only the inner one was noted.
    if (error.code !== 'ENOENT') request.warn(`a closed connection is still noted: ${error.message}`);
  }
  return 'closed';
}

/**
 * Names the branches that have an open connection, with commas between. Fails closed: `unreadable` if nobody can tell.
 * What killed workers left behind is removed.
 */
function list(request) {
  const folder = request.variables.connections_folder;
  try {
    fs.accessSync(folder, fs.constants.R_OK | fs.constants.W_OK);
    const files = filesByBranch(folder);
    const branches = Object.keys(files);
    const named = firstThatFit(branches);
    if (named.length === branches.length) return named.join(',');
    return nameOldest(folder, files);
  } catch (error) {
    request.error(`the open connections cannot be read, so there is no heartbeat: ${error.message}`);
    return 'unreadable';
  }
}

function fileOf(request) {
  const variables = request.variables;
  return `${variables.connections_folder}/${variables.branch}.${variables.pid}.${variables.connection}`;
}

/** The files of living workers. */
function filesByBranch(folder) {
  const living = {};
  const files = {};
  fs.readdirSync(folder).forEach((name) => {
    const parts = FILE_NAME.exec(name);
    if (parts === null) return;
    const branch = parts[1];
    const pid = parts[2];
    if (living[pid] === undefined) living[pid] = exists(`/proc/${pid}`);
    if (!living[pid]) {
      remove(`${folder}/${name}`);
      return;
    }
    if (files[branch] === undefined) files[branch] = [];
    files[branch].push(name);
  });
  return files;
}

/** As many as a heartbeat has room for. */
function firstThatFit(branches) {
  let bytes = 0;
  return branches.filter((branch, index) => {
    bytes += branch.length + 1;
    return index < MAX_BRANCHES && bytes <= MAX_BYTES;
  });
}

/** Those first that were named longest ago, or never: to be named gives their files a new time. */
function nameOldest(folder, files) {
  const oldest = {};
  const branches = Object.keys(files);
  branches.forEach((branch) => {
    oldest[branch] = Math.min.apply(
      null,
      files[branch].map((name) => timeOf(`${folder}/${name}`)),
    );
  });
  const named = firstThatFit(branches.sort((one, other) => oldest[one] - oldest[other]));
  named.forEach((branch) => {
    files[branch].forEach((name) => {
      refresh(`${folder}/${name}`);
    });
  });
  return named.join(',');
}

/** Epoch ms. One that has just gone is the newest. */
function timeOf(file) {
  try {
    return fs.statSync(file).mtimeMs;
  } catch (_) {
    return Date.now();
  }
}

/** Flag `r+`: a file that has just gone must not come back. */
function refresh(file) {
  try {
    fs.writeFileSync(file, '', { flag: 'r+' });
  } catch (_) {
    // Then it is named a little too early the next time.
  }
}

function exists(path) {
  try {
    fs.accessSync(path);
    return true;
  } catch (_) {
    return false;
  }
}

function remove(file) {
  try {
    fs.unlinkSync(file);
  } catch (_) {
    // Another worker was faster.
  }
}

// biome-ignore lint/style/noDefaultExport: njs imports nothing but the default export
export default { note, forget, list };

/**
 * Files that the reader takes away: weights as safetensors, drawings as MNIST's own files in a zip archive.
 *
 * @typedef {{name: string, content: Uint8Array}} File
 */

/** Offer some bytes as a file. @param {Uint8Array} bytes @param {string} name */
export function download(bytes, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([/** @type {BlobPart} */ (bytes)]));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/**
 * The weights as the library reads them: 8 bytes with the header's length, a JSON header, then the numbers.
 * @param {import("./network/safetensors.js").Weights} weights
 */
export function safetensors(weights) {
  /** @type {Record<string, unknown>} */
  const header = {};
  let at = 0;
  for (const [name, { shape, values }] of Object.entries(weights)) {
    header[name] = { dtype: "F32", shape, data_offsets: [at, at + values.byteLength] };
    at += values.byteLength;
  }
  const text = JSON.stringify(header);
  const head = new TextEncoder().encode(text.padEnd(Math.ceil(text.length / 8) * 8));
  const file = new Uint8Array(8 + head.length + at);
  new DataView(file.buffer).setBigUint64(0, BigInt(head.length), true);
  file.set(head, 8);
  at = 8 + head.length;
  for (const { values } of Object.values(weights)) {
    file.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), at);
    at += values.byteLength;
  }
  return file;
}

/**
 * Drawings as a folder that `load_idx_folder` reads: all of them training images, and an empty test set.
 * @param {{label: number, image: number[]}[]} drawings
 */
export function idxFiles(drawings) {
  const images = Uint8Array.from(drawings.flatMap(({ image }) => image));
  const labels = Uint8Array.from(drawings, ({ label }) => label);
  return zip(
    [
      ["train", drawings.length],
      ["t10k", 0],
    ].flatMap(([name, count]) => [
      { name: `digits/${name}-images-idx3-ubyte`, content: idx([Number(count), 28, 28], images) },
      { name: `digits/${name}-labels-idx1-ubyte`, content: idx([Number(count)], labels) },
    ]),
  );
}

/** @param {number[]} shape @param {Uint8Array} values as many as the shape says are taken */
function idx(shape, values) {
  const size = shape.reduce((product, side) => product * side, 1);
  const file = new Uint8Array(4 + 4 * shape.length + size);
  const view = new DataView(file.buffer);
  file.set([0, 0, 8, shape.length]); // 8: unsigned bytes
  shape.forEach((side, i) => view.setUint32(4 + 4 * i, side));
  file.set(values.subarray(0, size), 4 + 4 * shape.length);
  return file;
}

/** A zip archive without compression (APPNOTE.TXT, PKWARE). @param {File[]} files */
export function zip(files) {
  /** @type {Uint8Array[]} */
  const parts = [];
  /** @type {Uint8Array[]} */
  const directory = [];
  let at = 0;
  for (const { name, content } of files) {
    const title = new TextEncoder().encode(name);
    const fields = [
      [20, 2],
      [0x800, 2],
      [0, 2],
      [0, 2],
      [0x21, 2],
      [crc(content), 4],
      [content.length, 4],
      [content.length, 4],
      [title.length, 2],
      [0, 2],
    ];
    const local = record(0x04034b50, fields);
    directory.push(
      record(0x02014b50, [[20, 2], ...fields, [0, 2], [0, 2], [0, 2], [0, 4], [at, 4]]),
      title,
    );
    parts.push(local, title, content);
    at += local.length + title.length + content.length;
  }
  const size = directory.reduce((sum, { length }) => sum + length, 0);
  const end = record(0x06054b50, [
    [0, 2],
    [0, 2],
    [files.length, 2],
    [files.length, 2],
    [size, 4],
    [at, 4],
    [0, 2],
  ]);
  const all = [...parts, ...directory, end];
  const archive = new Uint8Array(all.reduce((sum, { length }) => sum + length, 0));
  at = 0;
  for (const part of all) {
    archive.set(part, at);
    at += part.length;
  }
  return archive;
}

/** @param {number} signature @param {number[][]} fields values and how many bytes each takes */
function record(signature, fields) {
  const all = [[signature, 4], ...fields];
  const bytes = new Uint8Array(all.reduce((sum, [, size]) => sum + size, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [value, size] of all) {
    if (size === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += size;
  }
  return bytes;
}

/** @param {Uint8Array} bytes */
function crc(bytes) {
  let value = 0xffffffff;
  for (const byte of bytes) {
    value ^= byte;
    for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? 0xedb88320 : 0);
  }
  return ~value >>> 0;
}

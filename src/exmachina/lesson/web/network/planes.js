/**
 * The few operations on pictures that cleaning a photograph needs, with the arithmetic of scipy.ndimage.
 *
 * @typedef {{height: number, width: number, pixels: Uint8Array | Float32Array | Float64Array}} Plane
 * @typedef {{height: number, width: number, pixels: Float64Array}} Floats
 * @typedef {{height: number, width: number, pixels: Uint8Array}} Mask  of 0 and 1
 */

/** `make(y, x)` for every place. @param {number} height @param {number} width @param {(y: number, x: number) => number} make */
function floats(height, width, make) {
  const pixels = new Float64Array(height * width);
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++) pixels[i] = make(y, x);
  return { height, width, pixels };
}

/** A mask of the places where `is(i)`. @param {{height: number, width: number}} shape @param {(i: number) => unknown} is @returns {Mask} */
export function where({ height, width }, is) {
  const pixels = new Uint8Array(height * width);
  for (let i = 0; i < pixels.length; i++) pixels[i] = is(i) ? 1 : 0;
  return { height, width, pixels };
}

/**
 * The values where a mask is 1, or where it is 0, in their order; in a tenth of the time that a filter takes.
 * @template {Plane["pixels"]} V
 * @param {V} values
 * @param {Uint8Array} mask
 * @param {0 | 1} one
 * @returns {V}
 */
export function chosen(values, mask, one = 1) {
  const some = values.slice();
  let count = 0;
  for (let i = 0; i < some.length; i++) if (mask[i] === one) some[count++] = values[i];
  return /** @type {V} */ (some.subarray(0, count));
}

/** @param {Mask} mask @returns {Mask} */
export function transposed({ height, width, pixels }) {
  return where(
    { height: width, width: height },
    (i) => pixels[(i % height) * width + Math.floor(i / height)],
  );
}

/** The median of each 3 × 3 neighbourhood, mirrored at the edges. @param {Plane} plane */
export function median3({ height, width, pixels }) {
  const near = new Uint8Array(9);
  return floats(height, width, (y, x) => {
    for (let k = 0; k < 9; k++) {
      const v = Math.min(height - 1, Math.max(0, y + Math.floor(k / 3) - 1));
      const u = Math.min(width - 1, Math.max(0, x + (k % 3) - 1));
      near[k] = pixels[v * width + u];
    }
    return near.sort()[4];
  });
}

/** `by` more on each side, where the plane goes on as it fell: turned about its border's value. @param {Plane} plane @param {number} by */
export function extended({ height, width, pixels }, by) {
  /** Which sample lies `i` from the start, and how often the whole rise from first to last is added. @param {number} i @param {number} n */
  const turned = (i, n) => {
    const period = 2 * (n - 1);
    const times = Math.floor(i / period);
    const rest = i - times * period;
    return rest < n
      ? { sign: 1, at: rest, ends: 2 * times }
      : { sign: -1, at: period - rest, ends: 2 * times, last: 2 };
  };
  /** @param {(i: number) => number} line @param {number} i @param {number} n */
  const sample = (line, i, n) => {
    const { sign, at, ends, last = 0 } = turned(i, n);
    return sign * line(at) + last * line(n - 1) + ends * (line(n - 1) - line(0));
  };
  const tall = floats(height + 2 * by, width, (y, x) =>
    sample((v) => pixels[v * width + x], y - by, height),
  );
  return floats(tall.height, width + 2 * by, (y, x) =>
    sample((u) => tall.pixels[y * width + u], x - by, width),
  );
}

/** @param {Plane} plane @param {number} by */
export function trimmed({ height, width, pixels }, by) {
  return floats(height - 2 * by, width - 2 * by, (y, x) => pixels[(y + by) * width + x + by]);
}

/**
 * The least or the greatest value in a window of `size` samples along one axis, the window's middle at size / 2. That of
 * a window is that of two narrower ones which cover it: each pass over a line makes its windows twice as wide.
 * @template {Plane} P
 * @param {P} plane
 * @param {number} size
 * @param {{down?: boolean, greatest?: boolean, outside?: number}} options what lies outside counts as `outside`, or not at all
 * @returns {P}
 */
function extreme(plane, size, { down = false, greatest = false, outside }) {
  const { height, width, pixels } = plane;
  const [lines, length, next, stride] = down
    ? [width, height, 1, width]
    : [height, width, width, 1];
  // An even window has no middle. The greatest looks one further: then it undoes the shift of the least.
  const before = greatest ? size - 1 - (size >> 1) : size >> 1;
  const sign = greatest ? -1 : 1; // the greatest is the least of what is turned about 0
  const beyond = outside === undefined ? Infinity : sign * outside;
  const result = pixels.slice();
  const line = new Float64Array(length + size - 1);
  for (let start = 0, n = 0; n < lines; n++, start += next) {
    line.fill(beyond);
    for (let i = 0; i < length; i++) line[before + i] = sign * pixels[start + i * stride];
    let wide = 1;
    for (; 2 * wide <= size; wide *= 2) lessOfTwo(line, wide, line.length - wide);
    lessOfTwo(line, size - wide, length);
    for (let i = 0; i < length; i++) result[start + i * stride] = sign * line[i];
  }
  return { ...plane, pixels: result };
}

/** The least of each place on a line and of that which lies `by` further on. @param {Float64Array} line @param {number} by @param {number} length */
function lessOfTwo(line, by, length) {
  for (let i = 0; i < length; i++) if (line[i + by] < line[i]) line[i] = line[i + by];
}

/** What is left when everything narrower than `size` is taken away. @template {Plane} P @param {P} plane @param {number} size */
export function greyOpening(plane, size) {
  for (const greatest of [false, true])
    for (const down of [true, false]) plane = extreme(plane, size, { down, greatest });
  return plane;
}

/** What is left in each column when everything shorter than `size` is taken away. @template {Plane} P @param {P} plane @param {number} size */
export const columnsOpened = (plane, size) =>
  extreme(extreme(plane, size, { down: true }), size, { down: true, greatest: true });

/** What is left when everything as dark and narrower than `size`, an odd number, is filled. @param {Plane} plane @param {number} size */
export function greyClosing(plane, size) {
  for (const greatest of [true, false])
    for (const down of [true, false]) plane = extreme(plane, size, { down, greatest });
  return plane;
}

/** Nothing but runs of at least `size` along one axis. @param {Mask} mask @param {number} size @param {boolean} down @returns {Mask} */
export const opening = (mask, size, down) =>
  extreme(extreme(mask, size, { down, outside: 0 }), size, { down, greatest: true, outside: 0 });

/** Everything within a window of odd sizes around the mask. @param {Mask} mask @param {number} rows @param {number} columns @returns {Mask} */
export const dilated = (mask, rows, columns) =>
  extreme(extreme(mask, rows, { down: true, greatest: true }), columns, { greatest: true });

/** The mask and every pixel within a square of `by` pixels around it. @param {Mask} mask @param {number} by */
export const grown = (mask, by) => dilated(mask, 2 * by + 1, 2 * by + 1);

/** What of a mask is farther than `by` pixels from its border; the plane's border is one too. @param {Mask} mask @param {number} by */
export const shrunk = (mask, by) =>
  extreme(extreme(mask, 2 * by + 1, { down: true, outside: 0 }), 2 * by + 1, { outside: 0 });

/** A Gaussian mean around each place; beyond the edge its value goes on. @param {Plane} plane @param {number} sigma @returns {Floats} */
export function blurred(plane, sigma) {
  const radius = Math.floor(4 * sigma + 0.5);
  const bell = Array.from({ length: radius + 1 }, (_, i) => Math.exp((-0.5 / sigma ** 2) * i ** 2));
  const total = bell.reduce((a, b) => a + b) * 2 - 1;
  bell[0] /= 2; // the middle is met from both sides
  const weights = Float64Array.from(bell, (value) => value / total); // from the middle outwards
  const { height, width } = plane;
  let result = Float64Array.from(plane.pixels);
  for (const [lines, length, next, stride] of [
    [width, height, 1, width],
    [height, width, width, 1],
  ]) {
    const line = new Float64Array(length + 2 * radius + 3);
    const sums = new Float64Array(length + 3);
    const mixed = new Float64Array(result.length);
    for (let start = 0, n = 0; n < lines; n++, start += next) {
      for (let i = 0; i < line.length; i++)
        line[i] = result[start + Math.min(length - 1, Math.max(0, i - radius)) * stride];
      for (let i = 0; i < length; i += 4) fourSums(line, i + radius, weights, sums, i);
      for (let i = 0; i < length; i++) mixed[start + i * stride] = sums[i];
    }
    result = mixed;
  }
  return { height, width, pixels: result };
}

/**
 * The weighted sums of what lies around four neighbours on a line: together they read each value once and not four times.
 * @param {Float64Array} line
 * @param {number} first place of the first of them
 * @param {Float64Array} weights from the middle outwards
 * @param {Float64Array} sums
 * @param {number} at where their sums belong
 */
function fourSums(line, first, weights, sums, at) {
  let [a, b, c, d] = [0, 0, 0, 0];
  let [left1, left2, left3] = [line[first + 1], line[first + 2], line[first + 3]];
  let [right0, right1, right2] = [line[first], line[first + 1], line[first + 2]];
  for (let k = 0; k < weights.length; k++) {
    const weight = weights[k];
    const left0 = line[first - k];
    const right3 = line[first + 3 + k];
    a += (left0 + right0) * weight;
    b += (left1 + right1) * weight;
    c += (left2 + right2) * weight;
    d += (left3 + right3) * weight;
    left3 = left2;
    left2 = left1;
    left1 = left0;
    right0 = right1;
    right1 = right2;
    right2 = right3;
  }
  sums[at] = a;
  sums[at + 1] = b;
  sums[at + 2] = c;
  sums[at + 3] = d;
}

/**
 * The connected groups of a mask, numbered from 1 in reading order, with their areas and boxes.
 * @typedef {{top: number, left: number, bottom: number, right: number, area: number}} Box  bottom and right are past the end
 * @param {Mask} mask
 * @param {boolean} diagonally whether touching corners connect
 * @returns {{labels: Int32Array, boxes: Box[]}}
 */
export function groups({ height, width, pixels }, diagonally) {
  const labels = new Int32Array(pixels.length);
  /** @type {Box[]} */
  const boxes = [];
  for (let start = 0; start < pixels.length; start++) {
    if (!pixels[start] || labels[start]) continue;
    const box = { top: height, left: width, bottom: 0, right: 0, area: 0 };
    boxes.push(box);
    const open = [start];
    labels[start] = boxes.length;
    for (let i = open.pop(); i !== undefined; i = open.pop()) {
      const [y, x] = [Math.floor(i / width), i % width];
      include(box, y, x);
      for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++) {
        for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++) {
          const j = v * width + u;
          if (!pixels[j] || labels[j] || (!diagonally && v !== y && u !== x)) continue;
          labels[j] = boxes.length;
          open.push(j);
        }
      }
    }
  }
  return { labels, boxes };
}

/** @param {Box} box @param {number} y @param {number} x */
export function include(box, y, x) {
  [box.top, box.bottom] = [Math.min(box.top, y), Math.max(box.bottom, y + 1)];
  [box.left, box.right] = [Math.min(box.left, x), Math.max(box.right, x + 1)];
  box.area++;
}

/**
 * The few operations on pictures that cleaning a photograph needs, with the arithmetic of Pillow and scipy.ndimage.
 *
 * @typedef {{height: number, width: number, pixels: Uint8Array | Float32Array}} Plane
 * @typedef {{height: number, width: number, pixels: Uint8Array}} Mask  of 0 and 1
 */

/** `make(y, x)` for every place. @param {number} height @param {number} width @param {(y: number, x: number) => number} make */
function floats(height, width, make) {
  const pixels = new Float32Array(height * width);
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

/** @param {Mask} mask @returns {Mask} */
export function transposed({ height, width, pixels }) {
  return where(
    { height: width, width: height },
    (i) => pixels[(i % height) * width + Math.floor(i / height)],
  );
}

/** Averaged down by a whole number until the longer side is at most `side`. @param {import("./normalize.js").Picture} picture @param {number} side */
export function small(picture, side) {
  const factor = Math.ceil(Math.max(picture.height, picture.width) / side);
  return factor === 1 ? picture : reduced(picture, factor);
}

/** Blocks of `factor` × `factor` averaged, fewer at the right and the bottom. @param {import("./normalize.js").Picture} picture @param {number} factor */
function reduced({ height, width, pixels }, factor) {
  const [rows, columns] = [Math.ceil(height / factor), Math.ceil(width / factor)];
  const result = new Uint8Array(rows * columns);
  for (let y = 0; y < rows; y++) {
    const bottom = Math.min(height, (y + 1) * factor);
    for (let x = 0; x < columns; x++) {
      const right = Math.min(width, (x + 1) * factor);
      let sum = 0;
      for (let v = y * factor; v < bottom; v++)
        for (let u = x * factor; u < right; u++) sum += pixels[v * width + u];
      const count = (bottom - y * factor) * (right - x * factor);
      result[y * columns + x] = Math.floor((sum + (count >> 1)) / count);
    }
  }
  return { height: rows, width: columns, pixels: result };
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
 * The least or the greatest value in a window of `size` samples along one axis, the window's middle at size / 2.
 * @template {Plane} P
 * @param {P} plane
 * @param {number} size
 * @param {{down?: boolean, greatest?: boolean, outside?: number}} options what lies outside counts as `outside`, or not at all
 * @returns {P}
 */
function extreme(plane, size, { down = false, greatest = false, outside }) {
  const { height, width, pixels } = plane;
  const [length, stride] = down ? [height, width] : [width, 1];
  // An even window has no middle. The greatest looks one further: then it undoes the shift of the least.
  const before = greatest ? size - 1 - (size >> 1) : size >> 1;
  const result = pixels.slice();
  for (let i = 0; i < result.length; i++) {
    const place = down ? Math.floor(i / width) : i % width;
    const [from, to] = [place - before, place - before + size - 1];
    let best = outside !== undefined && (from < 0 || to >= length) ? outside : pixels[i];
    for (let j = Math.max(0, from); j <= Math.min(length - 1, to); j++) {
      const value = pixels[i + (j - place) * stride];
      if (greatest ? value > best : value < best) best = value;
    }
    result[i] = best;
  }
  return { ...plane, pixels: result };
}

/** What is left when everything narrower than `size` is taken away. @param {Plane} plane @param {number} size */
export function greyOpening(plane, size) {
  for (const greatest of [false, true])
    for (const down of [true, false]) plane = extreme(plane, size, { down, greatest });
  return plane;
}

/** Nothing but runs of at least `size` along one axis. @param {Mask} mask @param {number} size @param {boolean} down @returns {Mask} */
export const opening = (mask, size, down) =>
  extreme(extreme(mask, size, { down, outside: 0 }), size, { down, greatest: true, outside: 0 });

/** Everything within a window of odd sizes around the mask. @param {Mask} mask @param {number} rows @param {number} columns @returns {Mask} */
export const dilated = (mask, rows, columns) =>
  extreme(extreme(mask, rows, { down: true, greatest: true }), columns, { greatest: true });

/** @param {Plane} plane @param {number} sigma */
export function blurred(plane, sigma) {
  const radius = Math.floor(4 * sigma + 0.5);
  const bell = Array.from({ length: 2 * radius + 1 }, (_, i) =>
    Math.exp(-0.5 * ((i - radius) / sigma) ** 2),
  );
  const total = bell.reduce((a, b) => a + b, 0);
  const weights = bell.map((value) => value / total);
  const inside = (/** @type {number} */ i, /** @type {number} */ n) =>
    Math.min(n - 1, Math.max(0, i));
  const { height, width } = plane;
  const tall = floats(height, width, (y, x) =>
    weights.reduce(
      (sum, w, i) => sum + w * plane.pixels[inside(y + i - radius, height) * width + x],
      0,
    ),
  );
  return floats(height, width, (y, x) =>
    weights.reduce(
      (sum, w, i) => sum + w * tall.pixels[y * width + inside(x + i - radius, width)],
      0,
    ),
  );
}

/** Linearly interpolated to a larger size. @param {Plane} plane @param {number} height @param {number} width @returns {Plane} */
export function enlarged(plane, height, width) {
  /** @param {number} old @param {number} size */
  const mixes = (old, size) =>
    Array.from({ length: size }, (_, i) => {
      const place = Math.min(Math.max(((i + 0.5) * old) / size - 0.5, 0), old - 1);
      const from = Math.min(Math.floor(place), old - 1);
      return { from, to: Math.min(from + 1, old - 1), share: place - from };
    });
  const [columns, rows] = [mixes(plane.width, width), mixes(plane.height, height)];
  const mixed = (/** @type {number} */ a, /** @type {number} */ b, /** @type {number} */ share) =>
    a * (1 - share) + b * share;
  const wide = floats(plane.height, width, (y, x) => {
    const { from, to, share } = columns[x];
    return mixed(plane.pixels[y * plane.width + from], plane.pixels[y * plane.width + to], share);
  });
  return floats(height, width, (y, x) => {
    const { from, to, share } = rows[y];
    return mixed(wide.pixels[from * width + x], wide.pixels[to * width + x], share);
  });
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

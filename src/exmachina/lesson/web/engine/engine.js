/**
 * The engine in WebAssembly: the same source as the library's, so the same seed gives the same network.
 *
 * An instance has memory of its own that only grows; whoever wants it back lets go of the instance.
 *
 * @typedef {(...numbers: number[]) => number} Exported
 */

const PAGES = { initial: 64, maximum: 16_384 }; // of memory that threads share, 64 KiB each
const STACK = 262_144; // bytes, of each thread

/** A module of one function that multiplies and adds in one instruction: does this browser know relaxed SIMD? */
const RELAXED = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 19, 1, 17, 0, 65, 1, 253, 17,
  65, 1, 253, 17, 65, 1, 253, 17, 253, 133, 2, 11,
]);

/** The file that suits this browser, to be fetched beside this module. @param {boolean} [threads] */
export const bestFile = (threads = false) =>
  `engine${WebAssembly.validate(RELAXED) ? "-relaxed" : ""}${threads ? "-threads" : ""}.wasm`;

/** A compiled engine at work. */
export class Engine {
  /**
   * @param {WebAssembly.Module} module
   * @param {WebAssembly.Memory} [memory] of the engine that this one is to help
   */
  constructor(module, memory) {
    const shares = WebAssembly.Module.imports(module).length > 0;
    const shared = shares ? (memory ?? new WebAssembly.Memory({ ...PAGES, shared: true })) : null;
    const { exports } = new WebAssembly.Instance(module, shared ? { env: { memory: shared } } : {});
    this.module = module;
    this.memory = shared ?? /** @type {WebAssembly.Memory} */ (exports.memory);
    this.functions = /** @type {Record<string, Exported>} */ (/** @type {unknown} */ (exports));
  }

  /**
   * What a worker needs to help a model of this engine as thread 1, 2, …, see helper.js.
   * @param {number} model address
   * @param {number} thread
   */
  invitation(model, thread) {
    return {
      module: this.module,
      memory: this.memory,
      stack: this.reserve(STACK) + STACK,
      model,
      thread,
    };
  }

  /** Help until this worker is ended. @param {ReturnType<Engine["invitation"]>} invitation */
  static help({ module, memory, stack, model, thread }) {
    const { functions } = new Engine(module, memory);
    /** @type {any} */ (functions).__stack_pointer.value = stack;
    functions.model_help(model, thread);
  }

  /**
   * @param {BufferSource} bytes
   * @returns {Promise<Engine>}
   */
  static async load(bytes) {
    return new Engine(await WebAssembly.compile(bytes));
  }

  /**
   * Call an exported function; `interface.py` lists them.
   * @param {string} name
   * @param {number[]} numbers
   */
  call(name, ...numbers) {
    return this.functions[name](...numbers);
  }

  /**
   * Zeroed memory; returns its address.
   * @param {number} bytes
   */
  reserve(bytes) {
    const address = this.call("allocate", bytes) >>> 0;
    if (!address)
      throw new Error(
        "There is no memory left for this; use smaller batches or a smaller network.",
      );
    return address;
  }

  /**
   * A copy of an array where the engine can read it; returns its address.
   * @param {Uint8Array|Int32Array|Float32Array} array
   */
  place(array) {
    const address = this.reserve(array.byteLength);
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    new Uint8Array(this.memory.buffer, address, array.byteLength).set(bytes);
    return address;
  }

  /**
   * What lies in memory now. A view, valid until more memory is reserved.
   * @param {number} address
   * @param {number} count
   */
  floats(address, count) {
    return new Float32Array(this.memory.buffer, address, count);
  }
}

/** A thread of the engine: it shares memory with the worker that trains and takes its part of every step. */

import { Engine } from "./engine.js";

self.onmessage = ({ data }) => Engine.help(data);

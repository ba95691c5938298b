// A thread of the engine in node, as engine/helper.js is one in a browser.
import { workerData } from "node:worker_threads";
import { Engine } from "../../../src/exmachina/lesson/web/engine/engine.js";

Engine.help(workerData);

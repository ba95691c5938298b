// Opened from a folder, the browser runs no modules: say so. A plain script, for the same reason.
if (location.protocol === "file:") document.querySelector("#unserved")?.removeAttribute("hidden");

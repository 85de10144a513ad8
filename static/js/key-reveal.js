// A key that is shown once: leaving the page asks first, until it was copied or said to be stored.
let unstored = false;

function warn(event) {
  if (unstored) event.preventDefault();
}

function stored() {
  unstored = false;
  removeEventListener("beforeunload", warn);
}

export function startKeyReveal(root) {
  const reveal = root.querySelector("[data-key-reveal]:not([data-ready])");
  if (!reveal) return;
  reveal.dataset.ready = "";
  unstored = true;
  addEventListener("beforeunload", warn);
  reveal.addEventListener("copied", stored);
  reveal.querySelector("[data-key-stored]").addEventListener("change", (event) => event.target.checked && stored());
}

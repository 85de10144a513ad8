// What can go wrong with a fragment: it fails, or the answer is a whole page (the session has ended).
function sayFailed() {
  const toast = document.getElementById("fragment-failed").content.cloneNode(true);
  document.getElementById("toasts").append(toast);
}

document.addEventListener("htmx:responseError", sayFailed);
document.addEventListener("htmx:sendError", sayFailed);

document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, isError, target } = event.detail;
  if (!isError && target !== document.body && /^\s*<!doctype/i.test(xhr.responseText)) {
    event.detail.shouldSwap = false;
    location.assign(xhr.responseURL);
  }
});

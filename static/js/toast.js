// Good news leaves by itself; what went wrong stays until it is dismissed.
const SHOWN_MS = 6000;

function leaveLater(toast) {
  const leave = () => (toast.matches(":hover, :focus-within") ? setTimeout(leave, 1000) : toast.remove());
  if (toast.matches(".toast-success, .toast-info")) setTimeout(leave, SHOWN_MS);
}

document.addEventListener("click", (event) => {
  event.target.closest("[data-toast-close]")?.closest("[data-toast]").remove();
});

const toasts = document.getElementById("toasts");
if (toasts) {
  toasts.querySelectorAll("[data-toast]").forEach(leaveLater);
  new MutationObserver((changes) => {
    for (const change of changes) {
      for (const node of change.addedNodes) if (node.matches?.("[data-toast]")) leaveLater(node);
    }
  }).observe(toasts, { childList: true });
}

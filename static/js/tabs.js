// On a narrow screen tabs scroll sideways: the one that is open is brought into view.
const current = document.querySelector(".tabs > [aria-current]");
if (current) {
  const bar = current.parentElement;
  bar.scrollLeft = current.offsetLeft - bar.offsetLeft - (bar.clientWidth - current.offsetWidth) / 2;
}

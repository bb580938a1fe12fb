"use strict";
// The page says everything without this script; it adds values at the pointer and the choice of theme.

function nearest(places, x) {
  let low = 0, high = places.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (places[middle] < x) low = middle; else high = middle;
  }
  return x - places[low] < places[high] - x ? low : high;
}

function row(line, i) {
  const part = document.createElement("span");
  const paint = document.createElement("i");
  paint.className = line.paint;
  const value = document.createElement("em");
  value.textContent = line.y[i];
  part.append(paint, line.name, value);
  return part;
}

for (const figure of document.querySelectorAll(".plot")) {
  const values = JSON.parse(figure.dataset.values);
  const svg = figure.querySelector("svg"), rule = figure.querySelector(".rule");
  const shown = figure.querySelector("output");
  if (!values.at.length) continue;
  const width = svg.viewBox.baseVal.width;
  const hide = () => { shown.hidden = true; rule.style.visibility = "hidden"; };
  svg.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect();
    const i = nearest(values.at, ((event.clientX - box.left) / box.width) * width);
    rule.setAttribute("x1", values.at[i]);
    rule.setAttribute("x2", values.at[i]);
    rule.style.visibility = "visible";
    const when = document.createElement("b");
    when.textContent = values.x[i];
    shown.replaceChildren(when, ...values.lines.map((line) => row(line, i)));
    shown.hidden = false;
    const at = (values.at[i] / width) * box.width;
    shown.style.left = at > box.width / 2 ? `${Math.max(0, at - shown.offsetWidth - 12)}px` : `${at + 12}px`;
  });
  svg.addEventListener("pointerleave", hide);
}

const button = document.getElementById("theme");
const root = document.documentElement;
const dark = () => root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
const named = () => { button.textContent = dark() ? "Light" : "Dark"; };
button.addEventListener("click", () => { root.dataset.theme = dark() ? "light" : "dark"; named(); });
button.hidden = false;
named();

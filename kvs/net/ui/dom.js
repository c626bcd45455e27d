// Making and finding elements. Text only ever becomes text: nothing here takes markup.

export const $ = (id) => document.getElementById(id);

// h("a", {href: "#/", class: "key", onclick: f}, "text", element, null)
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

const lighting = new Set();

// Makes it light up once more, also while it still does. Once a frame for all: each wants a layout in between.
export function flash(element) {
  if (lighting.size === 0) requestAnimationFrame(light);
  lighting.add(element);
}

function light() {
  for (const element of lighting) element.classList.remove("flash");
  void document.body.offsetWidth; // an animation begins anew only after a layout without it
  for (const element of lighting) element.classList.add("flash");
  lighting.clear();
}

// Says something to those who hear the page.
export function announce(text) {
  $("announce").textContent = text;
}

// Asks in a dialog: resolves to the value of the button that closed it ("" for Escape).
export function ask(dialog) {
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue);
    });
  });
}

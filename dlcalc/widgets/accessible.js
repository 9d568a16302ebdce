// Gives the ipywidgets of one output their accessible names, their own keys and spoken values, and hides the picture
// that is only there for readers without a kernel.
const CONTROLS = ".noUi-handle, [contenteditable], input, select, textarea, button";

const set = (element, name, value) => {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);  // the observer sees only real changes
};

// A label set by MathJax keeps its plain words in its title; ipywidgets writes "null" where there are none.
const nameOf = (label) => (label.title && label.title !== "null" ? label.title : label.textContent).trim();

function mend(root) {
  for (const row of root.querySelectorAll(".jupyter-widgets, .widget-inline-hbox")) {
    const label = row.querySelector(":scope > .widget-label");
    const name = label && nameOf(label);
    const spoken = row.querySelector(":scope > .widget-readout");
    const controls = row.querySelectorAll(CONTROLS);
    for (const control of controls) {
      // Jupyter's shortcuts look at the focused element alone.
      set(control, "data-lm-suppress-shortcuts", "true");
      if (control.matches(".jupyter-button, [type=radio], [type=checkbox]")) continue;  // named by their own text
      if (name) set(control, "aria-label", control === spoken ? `${name}, value` : name);
      if (control === spoken) set(control, "role", "textbox");
      if (!control.matches(".noUi-handle")) continue;
      if (spoken) set(control, "aria-valuetext", spoken.textContent.trim());
      set(control, "aria-disabled", String(Boolean(control.closest("[disabled]"))));
    }
    if (name && row.matches(".widget-toggle-buttons, .widget-radio")) {
      set(row, "role", row.matches(".widget-radio") ? "radiogroup" : "group");
      set(row, "aria-label", name);
    }
    for (const button of row.querySelectorAll(":scope .jupyter-button.widget-toggle-button")) {
      set(button, "aria-pressed", String(button.classList.contains("mod-active")));
    }
  }
}

// The picture that is saved with the notebook stands below the living one: taken away as long as that one lives.
function takeAwaySavedPictures(area, taken) {
  for (const picture of area.querySelectorAll("[data-dlcalc-saved]")) {
    const output = picture.closest(".jp-OutputArea-child") || picture.parentNode;
    taken.push({ picture, parent: picture.parentNode, output });
    output.style.display = "none";
    picture.remove();
  }
}

function putBack({ picture, parent, output }) {
  parent.append(picture);
  output.style.display = "";
}

export default {
  render({ el }) {
    el.style.display = "none";
    const taken = [];
    let observer;
    // The widget is drawn before it is put on the page: wait for one frame before looking around.
    const started = requestAnimationFrame(() => {
      const root = el.closest(".jp-OutputArea-child, .output, .widget-vbox") || document.body;
      const area = el.closest(".jp-OutputArea, .cell_container") || root;
      const look = () => { mend(root); takeAwaySavedPictures(area, taken); };
      look();
      observer = new MutationObserver(look);
      const attributeFilter = ["class", "title", "disabled", "aria-label", "aria-valuetext"];
      observer.observe(area, { childList: true, subtree: true, characterData: true, attributes: true, attributeFilter });
    });
    return () => { cancelAnimationFrame(started); observer?.disconnect(); taken.forEach(putBack); };
  },
};

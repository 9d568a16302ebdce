// Shows the newest picture that the kernel has drawn, or a sentence in its place.
export default {
  render({ model, el }) {
    const card = el.appendChild(document.createElement("div"));
    card.className = "dlcalc-card";
    card.style.setProperty("--dlcalc-width", `${model.get("width")}px`);
    card.style.setProperty("--dlcalc-aspect", `${model.get("width")} / ${model.get("height")}`);
    const image = card.appendChild(new Image(model.get("width"), model.get("height")));
    const message = card.appendChild(document.createElement("p"));
    message.setAttribute("role", "status");
    let address;

    function show() {
      if (!model.get("png").byteLength) return;
      const former = address;
      address = URL.createObjectURL(new Blob([model.get("png")], { type: "image/png" }));
      image.decoding = "sync";  // no blank between two pictures
      image.src = address;
      image.alt = model.get("alt");
      if (former) URL.revokeObjectURL(former);
    }

    function speak() {
      const text = model.get("message");
      message.textContent = text;
      card.classList.toggle("dlcalc-silent", !text);
      card.toggleAttribute("data-dlcalc-error", Boolean(text) && !model.get("locked"));
      card.toggleAttribute("data-dlcalc-locked", model.get("locked"));
    }

    const heard = { "change:png": show, "change:message": speak, "change:locked": speak };
    Object.entries(heard).forEach((pair) => model.on(...pair));
    show();
    speak();
    if (window.devicePixelRatio > model.get("sharpness")) {
      model.set("sharpness", Math.min(3, window.devicePixelRatio));
      model.save_changes();
    }
    return () => {
      Object.entries(heard).forEach((pair) => model.off(...pair));
      URL.revokeObjectURL(address);
    };
  },
};

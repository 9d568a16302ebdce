// Moves the tangent on the front page. Where it stands for each position was computed when the page was made.
(() => {
  const frames = JSON.parse(document.getElementById("hero-frames").textContent);
  const slider = document.getElementById("hero-z");
  const output = document.querySelector(".hero-figure output");
  const tangent = document.querySelector(".hero-figure .tangent");
  const point = document.querySelector(".hero-figure .point");

  function show() {
    const [x, y, across, up, z, slope] = frames[Number(slider.value)];
    for (const [name, value] of [["x1", x - across], ["y1", y + up], ["x2", x + across], ["y2", y - up]]) {
      tangent.setAttribute(name, value);
    }
    point.setAttribute("cx", x);
    point.setAttribute("cy", y);
    output.textContent = `z = ${z}, slope ${slope}`;
    slider.setAttribute("aria-valuetext", output.textContent);
  }

  slider.addEventListener("input", () => { touched = true; show(); });

  // Once, for three seconds, so that one sees what it does; never for those who asked for less motion.
  let touched = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  const from = Number(slider.value), start = performance.now(), LENGTH = 3000, REACH = 45;
  function sway(now) {
    if (touched) return;
    const t = Math.min((now - start) / LENGTH, 1);
    slider.value = Math.round(from - REACH * Math.sin(2 * Math.PI * t) * (1 - t));
    show();
    if (t < 1) requestAnimationFrame(sway);
  }
  if (!touched) requestAnimationFrame(sway);
})();

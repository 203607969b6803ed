/* The work that a page asks for before it sends a code: found while the person types. */
(() => {
  "use strict";

  const fields = [...document.querySelectorAll("input[data-work]")];
  if (!fields.length) return;
  const challenge = fields[0].dataset.work;
  const shift = 32 - Number(fields[0].dataset.bits);

  /* SHA-256 (FIPS 180-4) of a text that fits into one block; its first word is all we look at. */
  const start = [];
  const rounds = [];
  for (let n = 2; rounds.length < 64; n += 1) {
    let isPrime = true;
    for (let d = 2; d * d <= n; d += 1) if (n % d === 0) isPrime = false;
    if (!isPrime) continue;
    if (start.length < 8) start.push((n ** (1 / 2) * 2 ** 32) | 0);
    rounds.push((n ** (1 / 3) * 2 ** 32) | 0);
  }
  const turn = (x, n) => (x >>> n) | (x << (32 - n));
  const w = new Int32Array(64);
  const firstWord = (text) => {
    w.fill(0, 0, 16);
    for (let i = 0; i < text.length; i += 1) {
      w[i >> 2] |= text.charCodeAt(i) << (24 - (i % 4) * 8);
    }
    w[text.length >> 2] |= 0x80 << (24 - (text.length % 4) * 8);
    w[15] = text.length * 8;
    for (let i = 16; i < 64; i += 1) {
      const a = w[i - 15];
      const b = w[i - 2];
      w[i] =
        w[i - 16] +
        (turn(a, 7) ^ turn(a, 18) ^ (a >>> 3)) +
        w[i - 7] +
        (turn(b, 17) ^ turn(b, 19) ^ (b >>> 10));
    }
    let [a, b, c, d, e, f, g, h] = start;
    for (let i = 0; i < 64; i += 1) {
      const x =
        (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + rounds[i] + w[i]) | 0;
      const y = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + x) | 0;
      d = c;
      c = b;
      b = a;
      a = (x + y) | 0;
    }
    return (a + start[0]) | 0;
  };

  let waiting = null;
  let number = 0;
  const search = () => {
    /* In short turns, so that typing stays smooth. */
    for (const end = performance.now() + 12; performance.now() < end; ) {
      for (let i = 0; i < 200; i += 1) {
        number += 1;
        if (firstWord(`${challenge}:${number}`) >>> shift === 0) {
          for (const field of fields) field.value = String(number);
          if (waiting) waiting.form.requestSubmit(waiting.button);
          return;
        }
      }
    }
    setTimeout(search);
  };

  for (const field of fields) {
    /* Before the page's own script, which lets a press count once. */
    field.form.addEventListener(
      "submit",
      (event) => {
        if (field.value) return;
        event.preventDefault();
        event.stopImmediatePropagation();
        waiting = { form: field.form, button: event.submitter };
        field.form.classList.add("busy");
      },
      { capture: true },
    );
  }
  setTimeout(search);
})();

/** What a page of htmx does with an API under `base`, and what then stands in it. */
export const createHtmxRun = (htmx, events) => async (base) => {
  const told = [];
  for (const name of events) document.addEventListener(name, () => told.push(name));
  const results = [];
  for (const html of [
    `<button id="b" hx-get="${base}/html" hx-target="#into">get</button>`,
    `<form hx-post="${base}/echo" hx-target="#into"><input name="a" value="1"><button id="b">post</button></form>`,
    `<button id="b" hx-get="${base}/echo" hx-headers='{"X-A":"1"}' hx-swap="outerHTML">replaced</button>`,
    `<button id="b" hx-get="${base}/status?code=403" hx-target="#into">refused</button>`,
  ]) {
    document.body.innerHTML = `${html}<div id="into"></div>`;
    htmx.process(document.body);
    const answered = new Promise((resolve) => {
      for (const name of events) document.addEventListener(name, resolve, { once: true });
    });
    document.querySelector('#b').click();
    await answered;
    // An event of an error comes before what it may swap in.
    await new Promise((resolve) => setTimeout(resolve, 300));
    results.push([told.splice(0), document.body.innerHTML.replaceAll(base, '')]);
  }
  return JSON.stringify(results);
};

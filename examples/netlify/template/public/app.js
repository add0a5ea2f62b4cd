// The call goes to your backend with a pass: /api/hello there.
const greeting = document.querySelector('#greeting');

fetch('/api/hello')
  .then(async (response) => {
    greeting.textContent = `${response.status}: ${await response.text()}`;
  })
  .catch((error) => {
    greeting.textContent = `${error.code ?? error.name}: ${error.message}`;
  });

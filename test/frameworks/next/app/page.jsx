import { Greeting } from './greeting.jsx';
import { session } from './session.js';

export default function Page() {
  return (
    <main>
      <p id="built">{Object.keys(session).join(' ')}</p>
      <Greeting />
    </main>
  );
}

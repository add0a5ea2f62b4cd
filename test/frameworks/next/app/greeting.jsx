'use client';

import { useEffect, useState } from 'react';
import './session.js';

export function Greeting() {
  const [greeting, setGreeting] = useState('');
  useEffect(() => {
    fetch('/api/hello')
      .then((response) => response.json())
      .then(({ message }) => setGreeting(message));
  }, []);
  return <p id="greeting">{greeting}</p>;
}

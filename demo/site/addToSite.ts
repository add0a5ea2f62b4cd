import { announce, byId, letKeyboardScroll, make, write } from './dom.ts';

/** What to write for one stack. A test holds each line against the documents, whose code runs in tests. */
export interface Snippet {
  id: string;
  /** The stack, as its users call it. */
  name: string;
  /** Which file it goes into, and what it needs. */
  where: string;
  code: string;
}

const session = `// session.ts
import { createSession } from 'daypass';

export const session = createSession();
session.attach(['/api/']);`;

export const pageSnippets: readonly Snippet[] = [
  {
    id: 'vite',
    name: 'React, Vite',
    where: 'Import it once, in main.tsx. From then on fetch and axios carry the pass under /api/.',
    code: session,
  },
  {
    id: 'html',
    name: 'Static HTML',
    where: 'In every page, before your own scripts. Publish daypass.js and daypass-more.js beside it.',
    code: `<script src="/daypass.js" data-api="/api/"></script>
<script src="/app.js"></script>`,
  },
  {
    id: 'next',
    name: 'Next.js',
    where: 'Import session.ts in client components, and make the calls in the browser, in useEffect say.',
    code: `'use client';

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

${session}`,
  },
  {
    id: 'astro',
    name: 'Astro',
    where: 'In a script of the page, which runs in the browser.',
    code: `<script>
  import '../session.js';

  const response = await fetch('/api/hello');
  document.querySelector('#greeting').textContent = (await response.json()).message;
</script>

${session}`,
  },
];

export const backendSnippets: readonly Snippet[] = [
  {
    id: 'django',
    name: 'Django',
    where: 'In settings.py. With REST framework, views for visitors get permission_classes = [HasDaypass].',
    code: `import os

INSTALLED_APPS += ["daypass.django"]
DAYPASS = {
    "SECRET": os.environ.get("DAYPASS_SECRET"),
    # The site's primary URL. Where DEBUG is on, tokens of \`npx daypass dev\` pass too: they come from localhost:8888.
    "ISSUER": "http://localhost:8888" if DEBUG else "https://your-site.example",
}`,
  },
  {
    id: 'fastapi',
    name: 'FastAPI',
    where: 'The dependency refuses calls without a valid pass, with 401.',
    code: `import os
from typing import Annotated

from daypass import AccessToken, Verifier
from daypass.asgi.fastapi import RequireDaypass, exception_handlers
from fastapi import Depends, FastAPI

verifier = Verifier(os.environ["DAYPASS_SECRET"], issuer="https://your-site.example")
app = FastAPI(exception_handlers=exception_handlers)


@app.get("/hello")
def hello(visitor: Annotated[AccessToken, Depends(RequireDaypass(verifier))]):
    return {"you": visitor.subject}`,
  },
  {
    id: 'node',
    name: 'Node',
    where: 'For Express 4 and 5. Hono has the same in daypass/hono, anything else in daypass/verify.',
    code: `import { requireAccessToken } from 'daypass/express';
import express from 'express';

export const app = express();
app.use(
  '/api',
  requireAccessToken({
    secret: process.env.DAYPASS_SECRET,
    issuer: 'https://your-site.example',
  }),
);`,
  },
  {
    id: 'go',
    name: 'Go',
    where: 'Copy verify.go and middleware.go from examples/verify/go.',
    code: `verifier, err := NewVerifier(Site{
	Secrets: []string{os.Getenv("DAYPASS_SECRET")}, Issuer: "https://your-site.example",
	Audience: "api", DeployContexts: []string{"production"},
})
if err != nil {
	log.Fatal(err)
}
http.Handle("/api/", verifier.RequireAccessToken(api))`,
  },
];

/** Fills “Add this to your site”: one stack of each kind is shown, and its code can be copied. */
export function openAddToSite(): void {
  bindStacks('page', pageSnippets);
  bindStacks('backend', backendSnippets);
}

function bindStacks(kind: 'page' | 'backend', snippets: readonly Snippet[]): void {
  const buttons = snippets.map(({ id, name }) =>
    make('button', { type: 'button', 'data-testid': `stack-${id}` }, name),
  );
  const code = byId(`${kind}-code`);
  const copy = byId(`copy-${kind}`);
  const show = (chosen: Snippet) => {
    for (const [index, button] of buttons.entries()) {
      button.setAttribute('aria-pressed', String(snippets[index] === chosen));
    }
    write(byId(`${kind}-where`), chosen.where);
    write(code, chosen.code);
    letKeyboardScroll(code);
    write(copy, 'Copy');
  };
  for (const [index, snippet] of snippets.entries()) {
    buttons[index]?.addEventListener('click', () => show(snippet));
  }
  copy.addEventListener('click', async () => {
    const said = await copyText(code);
    write(copy, said);
    announce(said);
  });
  byId(`${kind}-stacks`).replaceChildren(...buttons);
  if (snippets[0]) show(snippets[0]);
}

/** A page that is not served over TLS, or not from this machine, has no clipboard: then the code is selected. */
async function copyText(code: HTMLElement): Promise<string> {
  try {
    await navigator.clipboard.writeText(code.textContent ?? '');
    return 'Copied';
  } catch {
    getSelection()?.selectAllChildren(code);
    return 'Selected: press Ctrl+C';
  }
}

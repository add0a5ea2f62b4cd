interface Running {
  url: string;
  parts: { description: string[] };
  close(): Promise<void>;
}

/** Who started us: read at once, since it may be gone before everything is up. */
const parent = process.ppid;

/** Starts a dev server in the foreground, says when it is ready, and ends it clean on Ctrl-C. */
export async function runUntilStopped(start: () => Promise<Running>): Promise<void> {
  try {
    const running = await start();
    for (const line of running.parts.description) console.log(line);
    console.log(`Daypass is ready: ${running.url}`);
    let stopping = false;
    const stop = async () => {
      if (stopping) return;
      stopping = true;
      await running.close();
      process.exit(0);
    };
    // Not `once`: libraries that find no other listener left end the process themselves, before all is closed.
    process.on('SIGINT', stop);
    process.on('SIGTERM', stop);
    if (process.env.npm_lifecycle_event) stopWithParent(stop);
  } catch (error) {
    // Our own messages name the remedy; a stack would hide it.
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  }
}

/** npm runs a script through a shell, which does not hand a signal on: when it is gone, so are we. */
function stopWithParent(stop: () => void): void {
  setInterval(() => process.ppid !== parent && stop(), 500).unref();
}

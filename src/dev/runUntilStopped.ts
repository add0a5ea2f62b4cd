interface Running {
  url: string;
  parts: { description: string[] };
  close(): Promise<void>;
}

/** Starts a dev server in the foreground, says when it is ready, and ends it clean on Ctrl-C. */
export async function runUntilStopped(start: () => Promise<Running>): Promise<void> {
  try {
    const running = await start();
    for (const line of running.parts.description) console.log(line);
    console.log(`Daypass is ready: ${running.url}`);
    const stop = async () => {
      await running.close();
      process.exit(0);
    };
    process.once('SIGINT', stop);
    process.once('SIGTERM', stop);
  } catch (error) {
    // Our own messages name the remedy; a stack would hide it.
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  }
}

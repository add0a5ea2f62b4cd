/** Exchanges that die on their way: the functions of the site end when the broker is about to delete a user. */
export interface Kills {
  /** The next exchange dies after its reservation and before it deletes the user. */
  arm(): void;
  /** Stands between the site and Identity. */
  atIdentity(request: Request, serve: (request: Request) => Promise<Response>): Promise<Response>;
  /** The users whom dead exchanges left behind. */
  orphans(): Iterable<string>;
}

export interface KillOptions {
  /** Ends the functions of the site, and begins them anew. */
  crash(): Promise<void>;
  /** Whether a user is one that exchanges delete: the lab deletes members of its own. */
  isThrowaway(userId: string): boolean;
}

export function createKills({ crash, isThrowaway }: KillOptions): Kills {
  let isArmed = false;
  const dead = new Set<string>();
  return {
    arm() {
      isArmed = true;
    },
    async atIdentity(request, serve) {
      const id = /\/admin\/users\/([^/?]+)$/.exec(new URL(request.url).pathname)?.[1];
      if (!isArmed || request.method !== 'DELETE' || id === undefined || !isThrowaway(id))
        return serve(request);
      isArmed = false;
      dead.add(id);
      await crash();
      return new Response(null, { status: 503 });
    },
    orphans: () => dead,
  };
}

/** LISTEN on a connection of its own, made anew when it broke. What was notified in between is lost: look after every `ensure`. */
import { quoted } from './names.ts';
import { unavailableOr } from './pg-errors.ts';
import type { Pool, PoolClient } from './pool.ts';

export interface Notifications {
  /** Resolves when somebody listens; asks the server whether the connection still lives. Rejects with `unavailable`. */
  ensure(): Promise<void>;
  stop(): Promise<void>;
}

export function createNotifications(pool: Pool, channel: string, payload: string, onNotified: () => void): Notifications {
  let client: PoolClient | undefined;

  const drop = (broken: PoolClient): void => {
    if (client !== broken) return;
    client = undefined;
    broken.release(true);
  };

  return {
    async ensure() {
      try {
        if (client !== undefined) {
          await client.query('SELECT 1');
          return;
        }
        const fresh = await pool.connect();
        client = fresh;
        const onBroken = (): void => {
          drop(fresh);
          // whoever waits looks now, and finds the connection gone
          onNotified();
        };
        fresh.on('error', onBroken);
        fresh.on('end', onBroken);
        fresh.on('notification', (message) => {
          if (message.channel === channel && message.payload === payload) onNotified();
        });
        await fresh.query(`LISTEN ${quoted(channel, 'channel')}`);
      } catch (error) {
        if (client !== undefined) drop(client);
        throw unavailableOr(error);
      }
    },
    async stop() {
      // the connection has subscriptions that nobody else of the pool must inherit
      if (client !== undefined) drop(client);
    },
  };
}

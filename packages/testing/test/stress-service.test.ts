import { createService } from '@troupe/actor';
import { stressService } from '@troupe/testing';

stressService(
  async () => {
    let open = 0;
    const service = createService('a service of two halves', {
      async start() {
        open++;
        await new Promise<void>((resolve) => setImmediate(resolve));
        open++;
      },
      async stop() {
        await Promise.resolve();
        open = 0;
      },
    });
    return { service, isGone: () => open === 0 };
  },
  {
    name: 'a service with a slow start',
    async makeFailing() {
      let open = 0;
      const service = createService('a service that cannot start', {
        async start() {
          open++;
          await Promise.resolve();
          throw new Error('no port');
        },
        async stop() {
          open = 0;
        },
      });
      return { service, isGone: () => open === 0 };
    },
  },
);

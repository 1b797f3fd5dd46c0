import { expect } from 'chai';
import { chain, compilePlan, createExecutor, outputOf, poll, ref, step } from '@troupe/executor';
import { defineKind } from '@troupe/resource';
import { TroupeError } from '@troupe/protocol';
import { defineTask } from '@troupe/task';
import { z } from 'zod';

const create = defineTask({
  name: 'create',
  idempotent: 'token',
  input: z.object({ size: z.number(), tags: z.array(z.string()).optional() }),
  output: z.object({ id: z.string(), place: z.object({ zone: z.number() }), parts: z.array(z.object({ name: z.string() })) }),
});
const copy = defineTask({ name: 'copy', idempotent: 'yes', input: z.object({ from: z.string(), at: z.number() }) });
const Disk = defineKind({ kind: 'disk', data: z.object({ region: z.string() }) });

describe('the types of a plan', () => {
  it('take inputs from the contract, with references anywhere', () => {
    expect(step('a', create, { size: 1 }).type).to.equal('step');
    expect(step('b', create, { size: ref('a.size'), tags: ['x', ref('a.tag')] }).type).to.equal('step');
    expect(step('c', create, ref('a')).type).to.equal('step');
    // @ts-expect-error a text is no size
    step('d', create, { size: 'big' });
    // @ts-expect-error the size is missing
    step('e', create, {});
    // @ts-expect-error the input of a look is that of its task
    poll('f', create, { input: { size: true }, until: { done: true } });
    // @ts-expect-error retry policies have no such option
    step('g', create, { size: 1 }, { retries: 3 });
  });

  it('know what steps put out, and refuse it where it does not fit', () => {
    const made = step('made', create, { size: 1 });
    expect(step('a', copy, { from: outputOf(made).id, at: outputOf(made).place.zone }).type).to.equal('step');
    expect(step('b', copy, { from: outputOf(made).parts[0]!.name, at: 1 }).type).to.equal('step');
    // @ts-expect-error the id is a text
    step('c', copy, { from: 'x', at: outputOf(made).id });
    // @ts-expect-error there is no such output
    step('d', copy, { from: outputOf(made).name, at: 1 });
    // @ts-expect-error a part is not the whole
    step('e', copy, { from: outputOf(made).parts, at: 1 });
    const compiled = compilePlan(
      chain(
        step('x', create, { size: 1 }, { output: 'disk' }),
        step('y', copy, { from: outputOf(step('x', create, { size: 1 }, { output: 'disk' })).parts[0]!.name, at: 1 }),
      ),
    );
    expect(JSON.stringify(compiled)).to.contain('"output":"disk","path":["parts","0","name"]');
  });

  it('takes a node and no contract, also in a program without types', () => {
    // @ts-expect-error: the contract names no node
    expect(() => outputOf(create))
      .to.throw(TroupeError, 'outputOf takes a node of the plan')
      .with.property('code', 'invalid_plan');
  });

  it('give the planner its resource and its input', () => {
    const executor = createExecutor({
      name: 'disk.create',
      family: 'create',
      resource: Disk,
      input: z.object({ size: z.string().transform(Number) }),
      plan: ({ resource, input }) => {
        const region: string = resource.data.region;
        const size: number = input.size;
        // @ts-expect-error the kind declares no zone
        void resource.data.zone;
        return step('a', create, { size, tags: [region] });
      },
    });
    expect(executor.name).to.equal('disk.create');
  });
});

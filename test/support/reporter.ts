import type { Reporter, TestCase, TestModule } from 'vitest/node';
import { isPresent, type OptionalPart, remedyFor } from './optional.ts';

/** Lists each skipped suite with its reason, and each test that needed a second try, then closes with one line of totals. */
export class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const totals = { passed: 0, failed: 0, skipped: 0 };
    const skips = new Map<string, number>();
    const flaky: string[] = [];
    for (const module of modules) {
      // A file that fails to load has no tests to count, and is a failure all the same.
      if (!module.ok() && [...module.children.allTests()].length === 0) totals.failed += 1;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (test.diagnostic()?.flaky) flaky.push(`${module.relativeModuleId} > ${test.fullName}`);
        if (state === 'passed') totals.passed += 1;
        else if (state === 'failed') totals.failed += 1;
        else {
          totals.skipped += 1;
          const reason = reasonOf(test);
          skips.set(reason, (skips.get(reason) ?? 0) + 1);
        }
      }
    }
    for (const [reason, count] of skips) console.log(`skipped ${count}: ${reason}`);
    for (const name of flaky) console.log(`passed at the second try, which wants mending: ${name}`);
    console.log(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
  }
}

function reasonOf(test: TestCase): string {
  const needed = [...test.fullName.matchAll(/\[needs ([^\]]+)\]/g)].map(([, part]) => part as OptionalPart);
  const part = needed.find((name) => !isPresent(name));
  return part ? `needs ${part} (${remedyFor(part)})` : test.fullName;
}

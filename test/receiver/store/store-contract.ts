import { describe } from 'vitest';
import type { OpenStore } from './samples.ts';
import { alertsContract } from './store-contract-alerts.ts';
import { approvalsContract } from './store-contract-approvals.ts';
import { clocksContract } from './store-contract-clocks.ts';
import { conversationViewContract } from './store-contract-conversation-view.ts';
import { conversationsContract } from './store-contract-conversations.ts';
import { enrichingContract } from './store-contract-enriching.ts';
import { inboxContract } from './store-contract-inbox.ts';
import { invariantsContract } from './store-contract-invariants.ts';
import { ledgerContract } from './store-contract-ledger.ts';
import { orderContract } from './store-contract-order.ts';
import { pagesContract } from './store-contract-pages.ts';
import { pruneContract } from './store-contract-prune.ts';
import { queriesContract } from './store-contract-queries.ts';
import { queueContract } from './store-contract-queue.ts';
import { renamedContract } from './store-contract-renamed.ts';
import { replacingContract } from './store-contract-replacing.ts';
import { repostedContract } from './store-contract-reposted.ts';
import { rollbackContract } from './store-contract-rollback.ts';
import { runNewsContract } from './store-contract-run-news.ts';
import { runsContract } from './store-contract-runs.ts';
import { severalContract } from './store-contract-several.ts';
import { updatesContract } from './store-contract-updates.ts';

/** What every implementation of the `Store` port has to do. */
export function storeContract(name: string, open: OpenStore): void {
  describe(`${name} keeps the contract of the store`, () => {
    inboxContract(open);
    orderContract(open);
    queueContract(open);
    clocksContract(open);
    queriesContract(open);
    pagesContract(open);
    ledgerContract(open);
    replacingContract(open);
    enrichingContract(open);
    approvalsContract(open);
    severalContract(open);
    conversationsContract(open);
    updatesContract(open);
    repostedContract(open);
    alertsContract(open);
    conversationViewContract(open);
    rollbackContract(open);
    runsContract(open);
    runNewsContract(open);
    renamedContract(open);
    pruneContract(open);
    invariantsContract(open);
  });
}

import { describe } from 'vitest';
import type { OpenStore } from './samples.ts';
import { alertsContract } from './store-contract-alerts.ts';
import { approvalsContract } from './store-contract-approvals.ts';
import { clocksContract } from './store-contract-clocks.ts';
import { conversationViewContract } from './store-contract-conversation-view.ts';
import { conversationsContract } from './store-contract-conversations.ts';
import { enrichingContract } from './store-contract-enriching.ts';
import { failuresContract } from './store-contract-failures.ts';
import { groupsContract } from './store-contract-groups.ts';
import { inboxContract } from './store-contract-inbox.ts';
import { invariantsContract } from './store-contract-invariants.ts';
import { lateContract } from './store-contract-late.ts';
import { ledgerContract } from './store-contract-ledger.ts';
import { notAskedContract } from './store-contract-not-asked.ts';
import { orderContract } from './store-contract-order.ts';
import { pagesContract } from './store-contract-pages.ts';
import { placesContract } from './store-contract-places.ts';
import { pruneContract } from './store-contract-prune.ts';
import { queriesContract } from './store-contract-queries.ts';
import { queueContract } from './store-contract-queue.ts';
import { renamedContract } from './store-contract-renamed.ts';
import { replacingContract } from './store-contract-replacing.ts';
import { repostedContract } from './store-contract-reposted.ts';
import { runNewsContract } from './store-contract-run-news.ts';
import { runsContract } from './store-contract-runs.ts';
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
    lateContract(open);
    replacingContract(open);
    enrichingContract(open);
    approvalsContract(open);
    conversationsContract(open);
    placesContract(open);
    updatesContract(open);
    repostedContract(open);
    alertsContract(open);
    failuresContract(open);
    groupsContract(open);
    notAskedContract(open);
    conversationViewContract(open);
    runsContract(open);
    runNewsContract(open);
    renamedContract(open);
    pruneContract(open);
    invariantsContract(open);
  });
}

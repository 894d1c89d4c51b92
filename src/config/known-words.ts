import { nearestWord } from '../lib/nearest-word.ts';

/**
 * Words of W&B's API, of its app and of its Python client, and words that people guess, for words of the config. Keys are
 * in the form of `plainForm`. Only a word that is allowed at the place in question is suggested.
 *
 * Sources: the enums of W&B's GraphQL schema, the client's `automations` package (0.28 to 0.30), and the labels of W&B's app.
 */
const ALIASES: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    // Events.
    linkmodel: ['link_artifact'],
    modellinked: ['link_artifact'],
    artifactlinked: ['link_artifact'],
    unlinkmodel: ['unlink_artifact'],
    artifactunlinked: ['unlink_artifact'],
    updateartifactalias: ['add_artifact_alias'],
    addalias: ['add_artifact_alias'],
    aliasadded: ['add_artifact_alias'],
    artifactalias: ['add_artifact_alias'],
    anartifactaliasisadded: ['add_artifact_alias'],
    anewversionofanartifactiscreatedinacollection: ['create_artifact'],
    newversion: ['create_artifact'],
    createversion: ['create_artifact'],
    artifactcreated: ['create_artifact'],
    addtag: ['add_artifact_tag', 'add_collection_tag'],
    tagadded: ['add_artifact_tag'],
    removetag: ['remove_artifact_tag', 'remove_collection_tag'],
    tagremoved: ['remove_artifact_tag'],
    runmetricthreshold: ['run_metric'],
    metricthreshold: ['run_metric'],
    metricchange: ['run_metric_change'],
    runmetricschange: ['run_metric_change'],
    runmetricsthreshold: ['run_metric'],
    zscore: ['run_metric_zscore'],
    metriczscore: ['run_metric_zscore'],
    runmetricszscore: ['run_metric_zscore'],
    runstatus: ['run_state'],
    runstatechanged: ['run_state'],
    runfailed: ['run_state'],
    runfinished: ['run_state'],
    runcompleted: ['run_state'],
    // Comparisons and changes.
    gt: ['above'],
    greaterthan: ['above'],
    morethan: ['above'],
    over: ['above'],
    exceeds: ['above'],
    gte: ['above_or_equal_to'],
    ge: ['above_or_equal_to'],
    atleast: ['above_or_equal_to'],
    greaterthanorequal: ['above_or_equal_to'],
    greaterthanorequalto: ['above_or_equal_to'],
    lt: ['below'],
    lessthan: ['below'],
    under: ['below'],
    lte: ['below_or_equal_to'],
    le: ['below_or_equal_to'],
    atmost: ['below_or_equal_to'],
    lessthanorequal: ['below_or_equal_to'],
    lessthanorequalto: ['below_or_equal_to'],
    eq: ['equal_to', 'in'],
    equals: ['equal_to'],
    is: ['equal_to'],
    ne: ['not_equal_to', 'not'],
    neq: ['not_equal_to', 'not'],
    notequal: ['not_equal_to', 'not'],
    isnot: ['not_equal_to', 'not'],
    increase: ['increases_by', 'above'],
    increases: ['increases_by', 'above'],
    increaseby: ['increases_by'],
    rises: ['increases_by'],
    risesby: ['increases_by'],
    up: ['above', 'increases_by'],
    decrease: ['decreases_by', 'below'],
    decreases: ['decreases_by', 'below'],
    decreaseby: ['decreases_by'],
    drops: ['decreases_by'],
    dropsby: ['decreases_by'],
    fallsby: ['decreases_by'],
    down: ['below', 'decreases_by'],
    change: ['changes_by'],
    changes: ['changes_by'],
    changeby: ['changes_by'],
    any: ['either', 'changes_by'],
    both: ['either'],
    abs: ['either'],
    changedir: ['direction'],
    dir: ['direction'],
    // Aggregates and windows.
    agg: ['aggregate'],
    aggop: ['aggregate'],
    aggregation: ['aggregate'],
    avg: ['average'],
    mean: ['average'],
    minimum: ['min'],
    maximum: ['max'],
    windowsize: ['window'],
    currentwindow: ['window'],
    currentwindowsize: ['window'],
    prior: ['prior_window'],
    priorwindowsize: ['prior_window'],
    previouswindow: ['prior_window'],
    baseline: ['prior_window'],
    metricname: ['metric'],
    // States.
    state: ['states'],
    status: ['states'],
    fail: ['failed'],
    failure: ['failed'],
    finish: ['finished'],
    completed: ['finished'],
    complete: ['finished'],
    success: ['finished'],
    succeeded: ['finished'],
    done: ['finished'],
    started: ['running'],
    start: ['running'],
    run: ['running'],
    // Scopes.
    org: ['organization'],
    entity: ['team'],
    user: ['team'],
    sequence: ['collection'],
    portfolio: ['collection'],
    artifactcollection: ['collection'],
    artifact: ['collection'],
    model: ['collection'],
    registeredmodel: ['collection'],
    modelregistry: ['registry'],
    // Filters.
    matches: ['regex'],
    matchesregex: ['regex'],
    pattern: ['regex'],
    re: ['regex'],
    like: ['contains'],
    oneof: ['in'],
    anyof: ['in'],
    noneof: ['not_in'],
    nin: ['not_in'],
    notin: ['not_in'],
    filters: ['filter'],
    runfilter: ['runs'],
    displayname: ['name'],
    runname: ['name', 'runs'],
    username: ['user'],
    author: ['user'],
    // Actions.
    sendwebhook: ['webhook'],
    genericwebhook: ['webhook'],
    http: ['webhook'],
    sendnotification: ['notification'],
    notify: ['notification'],
    message: ['notification'],
    email: ['notification'],
    donothing: ['no_op'],
    none: ['no_op'],
    noop: ['no_op'],
    requestpayload: ['payload'],
    body: ['payload', 'message'],
    text: ['message'],
    channel: ['slack'],
    slackchannel: ['slack'],
    level: ['severity'],
    subject: ['title'],
    lifo: ['latest'],
    newest: ['latest'],
    warning: ['warn'],
    critical: ['error'],
    err: ['error'],
    information: ['info'],
    // The automation and the config.
    trigger: ['event'],
    on: ['event'],
    condition: ['event'],
    actions: ['action'],
    do: ['action'],
    events: ['event'],
    id: ['key'],
    desc: ['description'],
    active: ['enabled'],
    renamedfrom: ['moved_from'],
    matrix: ['for_each'],
    foreach: ['for_each'],
    triggers: ['automations', 'event'],
    automation: ['automations'],
    default: ['defaults'],
    team: ['entity'],
  }),
);

/** Words of one meaning that are written with signs only. */
const SIGNS: ReadonlyMap<string, string> = new Map([
  ['>', 'above'],
  ['$gt', 'above'],
  ['>=', 'above_or_equal_to'],
  ['$gte', 'above_or_equal_to'],
  ['<', 'below'],
  ['$lt', 'below'],
  ['<=', 'below_or_equal_to'],
  ['$lte', 'below_or_equal_to'],
  ['=', 'equal_to'],
  ['==', 'equal_to'],
  ['$eq', 'equal_to'],
  ['!=', 'not_equal_to'],
  ['<>', 'not_equal_to'],
  ['$ne', 'not_equal_to'],
  ['=~', 'regex'],
]);

/** Only the letters and digits, in lower case: `OnRunState`, `RUN_STATE` and `run-state` differ by `on` only. */
function plainForm(word: string): string {
  return word.toLowerCase().replace(/[^a-z0-9]/g, '');
}

/**
 * The allowed word that was most likely meant: the same word in another spelling, a known word for the same thing, or the
 * nearest one. `undefined` if there is none.
 *
 * @param allowed the words that may stand at this place
 */
export function meantWord(word: string, allowed: readonly string[]): string | undefined {
  const sign = SIGNS.get(word.trim());
  if (sign !== undefined && allowed.includes(sign)) return sign;
  const plain = plainForm(word);
  if (plain === '') return undefined;
  for (const form of [plain, plain.replace(/^on/, '')]) {
    const same = allowed.find((candidate) => plainForm(candidate) === form);
    if (same !== undefined) return same;
    const alias = ALIASES.get(form)?.find((candidate) => allowed.includes(candidate));
    if (alias !== undefined) return alias;
  }
  return nearestWord(word.toLowerCase(), allowed);
}

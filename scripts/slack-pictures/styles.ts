/** Slack's looks, light, near enough to judge a message by. Narrower than 500 pixels it is a phone: one column, menus below. */
export const STYLES = `
* { box-sizing: border-box; }
body { margin: 0; background: #fff; color: #1d1c1d; font: 15px/22px Lato, "Helvetica Neue", Arial, "Liberation Sans", "Noto Color Emoji", sans-serif; }
main { padding: 16px 20px 18px; max-width: 720px; overflow-wrap: anywhere; }
.lock { background: #ebeaee; border-radius: 14px; padding: 9px 14px; margin-bottom: 14px; max-width: 400px; font-size: 14px; line-height: 19px; }
.lock b { color: #616061; font-size: 12px; }
.head + .head { margin-top: 14px; }
.reply { margin: 10px 0 0 46px; padding-left: 14px; border-left: 3px solid #e3e2e4; }
.where { color: #616061; font-size: 13px; }
.message { display: flex; gap: 9px; }
.avatar { flex: none; width: 36px; height: 36px; margin-top: 4px; border-radius: 6px; background: #fcd034; font-weight: 900; display: grid; place-items: center; }
.body { flex: 1; min-width: 0; }
.name { font-weight: 900; line-height: 22px; }
.app { font: 700 10px/13px Arial, "Liberation Sans", sans-serif; color: #616061; background: #e8e8e8; border-radius: 2px; padding: 1px 3px; vertical-align: 1px; }
.time { font-weight: 400; font-size: 12px; color: #616061; }
.edited { font-size: 13px; color: #616061; }
.block { margin: 3px 0; }
.block.section { display: flex; gap: 12px; justify-content: space-between; }
.block.context { color: #616061; font-size: 13px; line-height: 19px; }
.block.actions { display: flex; flex-wrap: wrap; gap: 8px; margin: 7px 0 6px; }
.words { flex: 1; min-width: 0; }
.fields { display: grid; grid-template-columns: 1fr 1fr; gap: 6px 12px; margin-top: 4px; }
.small { margin-right: 10px; }
.accessory { flex: none; padding-top: 2px; }
.button { display: inline-block; border: 1px solid #bbbabb; border-radius: 4px; padding: 3px 11px; font-weight: 900; font-size: 14px; line-height: 20px; background: #fff; }
.button.primary { background: #007a5a; border-color: #007a5a; color: #fff; }
.button.danger { background: #e01e5a; border-color: #e01e5a; color: #fff; }
.button.select { font-weight: 400; color: #454447; min-width: 150px; }
.button.more { padding: 5px 9px; line-height: 14px; }
.more i { display: inline-block; width: 5px; height: 5px; margin: 0 1.5px 2px; border-radius: 50%; background: #454447; }
.caret { float: right; width: 7px; height: 7px; margin: 5px 0 0 10px; border: solid #454447; border-width: 0 2px 2px 0; transform: rotate(45deg); }
.link { color: #1264a3; }
.mention { color: #1264a3; background: #e8f5fa; border-radius: 3px; padding: 0 2px; }
.emoji { font-size: 17px; }
h3 { margin: 6px 0 2px; font-size: 18px; line-height: 24px; font-weight: 900; }
hr { border: 0; border-top: 1px solid #e3e2e4; margin: 10px 0; }
b, .bold { font-weight: 900; }
.italic { font-style: italic; }
.strike { text-decoration: line-through; }
code, .code { font: 12px/16px "DejaVu Sans Mono", Menlo, monospace; color: #c01343; background: #f7f7f7; border: 1px solid #dcdcdc; border-radius: 3px; padding: 1px 3px; }
pre { font: 12px/17px "DejaVu Sans Mono", Menlo, monospace; background: #f7f7f7; border: 1px solid #dcdcdc; border-radius: 4px; padding: 7px; margin: 4px 0; white-space: pre-wrap; }
.quote { display: block; border-left: 4px solid #dcdcdc; padding-left: 10px; }
ul, ol { margin: 0; padding-left: 24px; }
.chart { border: 1px solid #dcdcdc; border-radius: 8px; padding: 9px 12px; max-width: 590px; }
.chart-title { font-weight: 900; font-size: 13px; }
svg { display: block; width: 100%; }
svg text { font: 11px Lato, "Liberation Sans", sans-serif; fill: #616061; }
.grid { stroke: #ebeaeb; }
.end { text-anchor: end; }
.middle { text-anchor: middle; }
.key { font-size: 12px; color: #616061; margin-right: 12px; }
.key i { display: inline-block; width: 8px; height: 8px; margin-right: 4px; border-radius: 2px; }
.picture, .thumbnail { border: 1px dashed #bbbabb; border-radius: 6px; color: #616061; font-size: 13px; padding: 14px; }
.home { max-width: 660px; }
.modal { border: 1px solid #c8c7c9; border-radius: 8px; max-width: 520px; box-shadow: 0 6px 22px #0003; }
.title { padding: 14px 20px; font-size: 19px; border-bottom: 1px solid #e3e2e4; }
.inside { padding: 8px 20px 12px; }
.foot { padding: 12px 20px; border-top: 1px solid #e3e2e4; display: flex; gap: 10px; justify-content: flex-end; }
.label { font-weight: 900; margin-top: 8px; }
.optional, .hint { color: #616061; font-weight: 400; font-size: 13px; }
.box { border: 1px solid #868686; border-radius: 4px; padding: 7px 11px; min-height: 38px; }
.box.tall { min-height: 84px; }
.box.empty { color: #868686; }
.choice i { display: inline-block; width: 14px; height: 14px; margin: 0 8px -2px 0; border: 1px solid #868686; border-radius: 3px; }
@media (max-width: 500px) {
  main { padding: 12px; }
  .fields { grid-template-columns: 1fr; }
  svg text { font-size: 17px; }
  .reply { margin-left: 14px; padding-left: 10px; }
  .section:has(.accessory .button:not(.more)) { display: block; }
}
`;

/** The style of every page. No font, picture or colour comes from anywhere else. */
export const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --paper: #f5f1ea; --card: #fffdf9; --line: #e6ddd0; --ink: #2b2520; --soft: #685e53; --accent: #8f5316;
  --accent-ink: #fffdf9; --alarm: #a3342a; --code: #f5f1ea; --track: #eae1d4;
  --fur: #c98d52; --light: #f0d9b8; --pink: #e3a88f; --pencil: #4a352a; --tail: #b57a41;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #191613; --card: #231f1b; --line: #3a342d; --ink: #f1eae0; --soft: #b3a798; --accent: #e6a967;
    --accent-ink: #231a10; --alarm: #f39c8e; --code: #191613; --track: #3a342d;
    --fur: #a9713c; --light: #dcbf97; --pink: #c98a74; --pencil: #2a1c14; --tail: #94602f;
  }
}
*, ::before, ::after { box-sizing: border-box; }
body {
  margin: 0; min-height: 100vh; min-height: 100dvh; padding: clamp(16px, 5vw, 40px) 16px;
  display: flex; flex-direction: column; align-items: center; justify-content: center; gap: 20px;
  background: var(--paper); color: var(--ink);
  font: 16px/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "Hiragino Sans", "Noto Sans CJK JP", sans-serif;
  overflow-wrap: anywhere; -webkit-text-size-adjust: 100%;
}
:lang(ja) { line-height: 1.75; line-break: strict; }
.brand { color: var(--soft); font-weight: 600; letter-spacing: .01em; text-align: center; }
a { color: inherit; text-underline-offset: .2em; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 3px; border-radius: 4px; }
main {
  width: 100%; max-width: 560px; padding: clamp(20px, 6vw, 44px);
  background: var(--card); border: 1px solid var(--line); border-radius: 24px;
  box-shadow: 0 1px 2px rgb(60 40 20 / .04), 0 16px 48px -16px rgb(60 40 20 / .14);
}
.mouse { display: block; width: 168px; height: auto; margin: 0 auto 20px; overflow: visible; }
.branch { margin: 0; text-align: center; font-size: .9375rem; color: var(--soft); }
h1 { margin: 4px 0 8px; text-align: center; font-size: clamp(1.5rem, 6vw, 1.875rem); line-height: 1.25; letter-spacing: -.015em; font-weight: 650; text-wrap: balance; }
:lang(ja) h1 { word-break: auto-phrase; letter-spacing: 0; font-size: clamp(1.375rem, 5.5vw, 1.625rem); line-height: 1.4; }
h2 { margin: 28px 0 6px; font-size: .875rem; line-height: 1.5; font-weight: 600; color: var(--soft); }
p { margin: 0 0 12px; text-wrap: pretty; }
code, pre { font: .875rem/1.55 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.branch code { font-size: 1em; }
pre { margin: 0; padding: 10px 14px; background: var(--code); border: 1px solid var(--line); border-radius: 10px; white-space: pre-wrap; }
pre.command { user-select: all; }
pre.command::before { content: "$ "; content: "$ " / ""; color: var(--soft); user-select: none; }
.lead { text-align: center; }
.lead p { margin: 0; }
.lead p, .note { text-wrap: balance; }
.note { text-align: center; color: var(--soft); font-size: .875rem; margin: 28px 0 0; }
#detail { margin-top: 8px; }
ol { list-style: none; margin: 28px 0 0; padding: 24px 0 0; border-top: 1px solid var(--line); }
ol li { position: relative; padding: 0 0 14px 36px; color: var(--soft); line-height: 22px; }
ol li:last-child { padding-bottom: 0; }
ol li::before {
  content: ""; position: absolute; left: 0; top: 0; width: 22px; height: 22px; border-radius: 50%;
  border: 2px solid var(--track); background: var(--card); z-index: 1;
}
ol li:not(:last-child)::after { content: ""; position: absolute; left: 10px; top: 22px; bottom: 0; width: 2px; background: var(--track); }
li[data-mark=done]::after { background: var(--accent) !important; }
li[data-mark=done]::before { border-color: var(--accent); background: var(--accent); }
li[data-mark=done] .tick {
  position: absolute; left: 8px; top: 5px; z-index: 2; width: 6px; height: 10px; border: solid var(--accent-ink); border-width: 0 2px 2px 0; transform: rotate(45deg);
}
li[data-mark=current] { color: var(--ink); font-weight: 600; }
li[data-mark=current]::before { border-color: var(--accent); box-shadow: inset 0 0 0 4px var(--card); background: var(--accent); }
dl { margin: 28px 0 0; padding-top: 20px; border-top: 1px solid var(--line); display: flex; flex-wrap: wrap; gap: 12px 32px; }
dl:not(:has(> :not([hidden]))) { display: none; }
ul { margin: 0 0 12px; padding-left: 20px; }
dl div { min-width: 0; }
dt { color: var(--soft); font-size: .8125rem; }
dd { margin: 0; font-variant-numeric: tabular-nums; }
.change { flex-basis: 100%; }
progress { appearance: none; display: block; width: 100%; height: 4px; margin: 24px 0 0; border: 0; border-radius: 2px; overflow: hidden; background: var(--track); }
progress::-webkit-progress-bar { background: var(--track); }
progress::-webkit-progress-value { background: var(--accent); transition: width 1s linear; }
progress::-moz-progress-bar { background: var(--accent); }
progress + ol { margin-top: 0; border-top: 0; }
.again { text-align: center; margin: 28px 0 0; }
.button {
  display: inline-block; padding: 10px 24px; border-radius: 999px; background: var(--accent); color: var(--accent-ink);
  font-weight: 600; text-decoration: none; line-height: 1.5;
}
.button:hover { filter: brightness(1.08); }
.vh { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
[hidden] { display: none !important; }
[data-state=hopeless] h1 { color: var(--alarm); }
.shade { fill: var(--ink); opacity: .07; }
.ear { fill: var(--tail); }
.fur { fill: var(--fur); } .light { fill: var(--light); } .pink { fill: var(--pink); } .ink { fill: var(--pencil); }
.tail { fill: none; stroke: var(--tail); stroke-width: 17; stroke-linecap: round; }
.tuft { fill: none; stroke: var(--fur); stroke-width: 2.5; stroke-linecap: round; }
.line { fill: none; stroke: var(--pencil); stroke-width: 3; stroke-linecap: round; stroke-linejoin: round; }
.thin { stroke: var(--soft); stroke-width: 1.5; }
.zzz .line { stroke: var(--soft); stroke-width: 2.5; }
.open, [data-state=ready] .shut, [data-state=ready] .zzz { display: none; }
[data-state=ready] .open { display: inline; }
@media (prefers-reduced-motion: no-preference) {
  .breath { transform-box: fill-box; transform-origin: 50% 100%; animation: breathe 4.5s ease-in-out infinite; }
  .zzz path { animation: drift 4.5s ease-in-out infinite; }
  .z2 { animation-delay: .5s !important; } .z3 { animation-delay: 1s !important; }
  [data-state=waiting] li[data-mark=current]::before { animation: glow 2.2s ease-in-out infinite; }
}
@keyframes breathe { 50% { transform: scale(1.012, 1.045); } }
@keyframes drift { 0%, 100% { opacity: .25; transform: translateY(2px); } 50% { opacity: 1; transform: translateY(-2px); } }
@keyframes glow { 50% { box-shadow: inset 0 0 0 6px var(--card); } }
@media (prefers-reduced-motion: reduce) { progress::-webkit-progress-value { transition: none; } }
@media (forced-colors: active) { li[data-mark=current]::before, li[data-mark=done]::before { background: Highlight; forced-color-adjust: none; } }
`;

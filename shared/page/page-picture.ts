import { trustedHtml } from './html.ts';

/** A dormouse, curled up. It breathes while the page waits, and opens an eye when the branch is ready. */
export const PAGE_PICTURE =
  trustedHtml(`<svg class="mouse" viewBox="0 0 200 124" width="200" height="124" aria-hidden="true" focusable="false">
<ellipse class="shade" cx="104" cy="114" rx="74" ry="5"/>
<g class="breath">
<path class="fur" d="M46 112C34 70 62 32 106 32c42 0 64 30 64 56 0 14-6 24-14 24z"/>
<path class="light" d="M74 112c-2-22 14-38 34-38 22 0 36 16 36 38z"/>
</g>
<path class="tail" d="M162 98c-14 10-46 11-78 7"/>
<path class="tuft" d="M150 98c-3 5-6 8-10 10M132 101c-3 4-6 7-10 8M114 101c-3 4-6 6-10 7"/>
<circle class="ear" cx="76" cy="57" r="14"/><circle class="pink" cx="75" cy="58" r="8"/>
<path class="fur" d="M22 96c0-20 16-36 36-36s36 14 36 32c0 14-14 22-36 22-20 0-36-6-36-18z"/>
<path class="light" d="M23 98c6-10 16-12 28-8 10 4 14 16 8 24-20 0-35-5-36-16z"/>
<path class="ink" d="M22 97c-1-6 2-9 6-8 4 0 5 4 2 6-2 2-5 3-8 2z"/>
<path class="line shut" d="M47 84c4 5 11 5 15 0"/><circle class="ink open" cx="54" cy="84" r="5"/>
<path class="line thin" d="M36 100l-20 6M37 103l-16 11"/>
<g class="zzz" transform="translate(10 -5)"><path class="line z1" d="M104 22h9l-9 10h9"/><path class="line z2" d="M124 10h7l-7 8h7"/><path class="line z3" d="M141 3h5l-5 6h5"/></g>
</svg>`);

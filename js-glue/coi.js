// coi.js: isolates the pages of a static host that cannot send headers. Copied to the site's root
// it is script tag and service worker in one; it stands alone.
//
//   <script src="/coi.js"></script>                     require-corp
//   <script src="/coi.js" data-credentialless></script>  credentialless where there is that
//
// The service worker adds the two headers to documents and workers, and takes part in nothing else:
// ranges, redirects and what other sites send never pass through it. The first visit reloads once;
// what has been tried stands in sessionStorage, so that nothing ever loops. In WebKit a frame (not
// a page) whose address redirects stays empty: it drops such answers of any service worker.
(() => {
  const CREDENTIALLESS = 'credentialless';
  const NEEDS_HEADERS = [
    'document',
    'iframe',
    'frame',
    'embed',
    'object',
    'worker',
    'sharedworker',
  ];

  function serve() {
    const isCredentialless = location.search === `?${CREDENTIALLESS}`;
    addEventListener('install', () => skipWaiting());
    addEventListener('activate', (event) => event.waitUntil(clients.claim()));

    const answer = async (request) => {
      const response = await fetch(request);
      const { body, status, statusText, type } = response;
      // Redirects and what cannot be read stay as they are.
      if (!status || type === 'opaque' || type === 'opaqueredirect') return response;
      const headers = new Headers(response.headers);
      headers.set('Cross-Origin-Opener-Policy', 'same-origin');
      headers.set(
        'Cross-Origin-Embedder-Policy',
        isCredentialless ? CREDENTIALLESS : 'require-corp',
      );
      // For frames of the site's own other names.
      headers.set('Cross-Origin-Resource-Policy', 'cross-origin');
      return new Response(body, { status, statusText, headers });
    };
    addEventListener('fetch', (event) => {
      const { request } = event;
      if (NEEDS_HEADERS.includes(request.destination)) event.respondWith(answer(request));
    });
  }

  /** What has been tried in this tab: '', then the modes of the service worker. */
  const KEY = 'penny-coi';

  async function isolate({ src, dataset }) {
    const say = (text) => console.warn(`coi.js: this page is not cross-origin isolated: ${text}`);
    if (!/^https?:$/.test(location.protocol))
      return say(`${location.protocol} pages cannot be: serve it over http, by any local server`);
    if (!isSecureContext) return say('serve it over https, or from localhost');
    if (!navigator.serviceWorker)
      return say('this browser has no service workers here (a private window?): send the headers');
    let tried;
    try {
      tried = sessionStorage.getItem(KEY) ?? '';
      sessionStorage.setItem(KEY, tried);
    } catch {
      return say('the storage that keeps it from reloading for ever is switched off');
    }
    // Safari has no credentialless: when that was no help, the other mode may be.
    const modes = CREDENTIALLESS in dataset ? [CREDENTIALLESS, 'require-corp'] : ['require-corp'];
    const mode = modes.find((name) => !tried.includes(name));
    if (!mode)
      return say(
        'the service worker runs, and has not helped: the page is in a frame, or its host sends other headers',
      );
    const url = new URL(src);
    url.search = mode === CREDENTIALLESS ? `?${CREDENTIALLESS}` : '';
    try {
      const registration = await navigator.serviceWorker.register(url);
      if (!location.href.startsWith(registration.scope))
        return say(`${src} reaches ${registration.scope} only: copy it to the root of the site`);
      const worker = registration.installing ?? registration.waiting ?? registration.active;
      await new Promise((resolve, reject) => {
        const look = () => {
          if (worker.state === 'activated') resolve();
          if (worker.state === 'redundant') reject(new Error('it was not installed'));
        };
        worker.addEventListener('statechange', look);
        look();
      });
    } catch (error) {
      return say(`its service worker did not start: ${error.message}`);
    }
    sessionStorage.setItem(KEY, `${tried} ${mode}`);
    location.reload();
  }

  if (!globalThis.document) serve();
  else if (!globalThis.crossOriginIsolated) isolate(document.currentScript);
  else {
    try {
      // A reload past the service worker (with the shift key) may try again.
      sessionStorage.removeItem(KEY);
    } catch {
      // Then there is nothing to remove.
    }
  }
})();

import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { FetchInstrumentation } from '@opentelemetry/instrumentation-fetch';
import { XMLHttpRequestInstrumentation } from '@opentelemetry/instrumentation-xml-http-request';
import { WebTracerProvider } from '@opentelemetry/sdk-trace-web';

globalThis.recorded = [];

const recorder = {
  onStart() {},
  onEnd({ attributes }) {
    globalThis.recorded.push([
      attributes['http.request.method'] ?? attributes['http.method'],
      attributes['url.full'] ?? attributes['http.url'],
    ]);
  },
  forceFlush: async () => {},
  shutdown: async () => {},
};

new WebTracerProvider({ spanProcessors: [recorder] }).register();
registerInstrumentations({
  instrumentations: [new FetchInstrumentation(), new XMLHttpRequestInstrumentation()],
});

import { http } from '@google-cloud/functions-framework';

/** The least that functions-framework can serve. It is JavaScript too, and so starts without a compiler. */
http('hello', (_request, response) => {
  response.send('Hello, World!');
});

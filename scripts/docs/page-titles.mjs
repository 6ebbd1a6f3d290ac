// A plugin of TypeDoc: pages are called by their first heading, not by their file.
import { Converter } from 'typedoc';

/** @param {import('typedoc').Application} app */
export function load(app) {
  app.converter.on(Converter.EVENT_CREATE_DOCUMENT, (_context, page) => {
    const [first] = page.content;
    const [heading, title] = /^# (.+)\n+/.exec(first?.text ?? '') ?? [];
    if (title === undefined) throw new Error(`${page.name}.md does not begin with a heading.`);
    page.name = title;
    // The theme prints the name above the page.
    first.text = first.text.slice(heading.length);
  });
}

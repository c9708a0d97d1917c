"use strict";
// Messages of all types but cards, as a phone draws them. Pictures are never fetched: nothing leaves this machine.

// Element with attributes and children; texts are texts, so nothing in a message becomes markup by itself.
function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value !== undefined && value !== null) element.setAttribute(key, value);
  }
  element.append(...children.flat(Infinity).filter(child => child !== null && child !== undefined && child !== ""));
  return element;
}

const escape = text => String(text ?? "").replace(/[&<>"']/g, c => ({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\"": "&quot;", "'": "&#39;"})[c]);
const isUrl = url => /^https?:\/\//i.test(url ?? "");
const link = (url, ...children) => isUrl(url) ? el("a", {href: url, rel: "noreferrer", target: "_blank"}, ...children) : el("span", {}, ...children);
const marked = (name, attributes, html) => Object.assign(el(name, attributes), {innerHTML: html});
const anchor = (url, label) => `<a href="${isUrl(url) ? url : "#"}" rel="noreferrer" target="_blank">${label}</a>`;

function host(url) {
  try { return new URL(url).host; } catch { return "图片"; }
}
const tag = text => el("small", {class: "tag"}, text);
// Id of a medium, which people only need to tell it from another.
const medium = id => el("span", {class: "desc", title: id}, `${String(id ?? "").slice(0, 16)}…`);
const picture = (url, attributes = {}) => el("div", {class: "picture", role: "img", "aria-label": url, title: url, ...attributes}, host(url));

function inline(text) {
  return text
    .replace(/`([^`]+)`/g, "<code>$1</code>")
    .replace(/\*\*(.+?)\*\*/g, "<b>$1</b>")
    .replace(/\[([^\]]*)\]\(([^)\s]+)\)/g, (_, label, url) => anchor(url, label))
    .replace(/&lt;font color=&quot;(info|comment|warning)&quot;&gt;/g, '<span class="$1">')
    .replace(/&lt;\/font&gt;/g, "</span>");
}
function markdown(text) {
  return escape(text).split("\n").map(line => {
    const heading = line.match(/^(#{1,6}) (.*)$/);
    if (heading) return `<h${heading[1].length}>${inline(heading[2])}</h${heading[1].length}>`;
    const quote = line.match(/^&gt; ?(.*)$/);
    if (quote) return `<blockquote>${inline(quote[1])}</blockquote>`;
    return `<div>${inline(line) || "&nbsp;"}</div>`;
  }).join("");
}
const linked = text => escape(text).replace(/&lt;a href=&quot;(.+?)&quot;&gt;(.*?)&lt;\/a&gt;/g, (_, url, label) => anchor(url, label));
const described = text => escape(text)
  .replace(/&lt;br\/?&gt;/g, "<br>")
  .replace(/&lt;div class=&quot;(gray|highlight|normal)&quot;&gt;/g, '<div class="$1">')
  .replace(/&lt;\/div&gt;/g, "</div>");

function textcard(content, at) {
  return el("div", {class: "card"},
    el("div", {class: "title"}, content.title),
    el("div", {class: "day"}, new Date(at).toLocaleDateString("zh-CN")),
    marked("div", {class: "description"}, described(content.description)),
    el("div", {class: "flush rowlink"}, link(content.url, content.btntxt)));
}

function articles(list) {
  const [first, ...rest] = list;
  const title = article => link(article.url ?? article.content_source_url, article.title);
  const image = article => article.picurl ?? article.thumb_media_id ?? "";
  return el("div", {class: "card"},
    el("div", {class: "flush"}, picture(image(first), {class: "picture banner", style: "aspect-ratio: 1068/455"})),
    el("div", {class: "title"}, title(first)),
    first.description || first.digest ? el("div", {class: "desc"}, first.description ?? first.digest) : null,
    rest.map(article => el("div", {class: "beside article"}, el("div", {}, title(article)), picture(image(article)))));
}

function miniprogram(content) {
  const items = [...content.content_item ?? []];
  const first = content.emphasis_first_item === true ? items.shift() : null;
  return el("div", {class: "card"},
    el("div", {class: "source"}, el("span", {class: "of"}, `小程序 ${content.appid ?? ""}`)),
    el("div", {class: "title"}, content.title),
    content.description ? el("div", {class: "desc"}, content.description) : null,
    first ? el("div", {class: "emphasis"}, el("b", {}, first.value), el("span", {class: "desc"}, first.key)) : null,
    pairs(items.map(item => [item.key, item.value])));
}

function pairs(list) {
  return list.length ? el("dl", {class: "pairs"}, list.map(([key, value]) => [el("dt", {}, key), el("dd", {}, value)])) : null;
}

// Body of a message whose type is not template_card.
function plain(type, content, at) {
  const bubble = (...children) => el("div", {class: "bubble"}, children);
  switch (type) {
    case "text": return marked("div", {class: "bubble text"}, linked(content.content));
    case "markdown": return marked("div", {class: "bubble"}, markdown(content.content));
    case "textcard": return textcard(content, at);
    case "news":
    case "mpnews": return articles(content.articles ?? [{}]);
    case "miniprogram_notice": return miniprogram(content);
    case "image": return picture("", {class: "picture", style: "width: 180px; height: 130px; border-radius: 8px", title: content.media_id});
    case "voice": return bubble(tag("语音"), medium(content.media_id));
    case "video": return bubble(tag("视频"), content.title || medium(content.media_id), content.description ? el("div", {class: "desc"}, content.description) : null);
    case "file": return bubble(tag("文件"), medium(content.media_id));
    default: return bubble(el("code", {}, type), " ", JSON.stringify(content));
  }
}

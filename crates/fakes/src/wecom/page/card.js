"use strict";
// Template cards, as a phone draws them.

// Card, whose presses call `press(key, selected)`; without it nothing can be pressed.
function templateCard(card, press) {
  const form = {card, press, answers: new Map()};
  const parts = [
    source(form), title(card), quote(card), emphasis(card), card.sub_title_text ? el("div", {}, card.sub_title_text) : null,
    image(card), vertical(card), horizontal(card), selection(form), checkbox(form), selects(form), buttons(form), jumps(card),
  ];
  return el("div", {class: menuOf(card) ? "card has-menu" : "card"}, parts);
}

const asks = card => ["button_interaction", "vote_interaction", "multiple_interaction"].includes(card.card_type);
const isNotice = card => ["text_notice", "news_notice"].includes(card.card_type);
const hasMenu = card => isNotice(card) || card.card_type === "button_interaction";
const menuOf = card => hasMenu(card) && card.action_menu?.action_list?.length ? card.action_menu : null;

// What is led to: a web page, or a mini program, which is only named.
function leads(part, ...children) {
  if (part?.type === 1) return link(part.url, ...children);
  return part?.type === 2 ? el("span", {title: `小程序 ${part.appid} ${part.pagepath ?? ""}`}, ...children) : el("span", {}, ...children);
}

function source(form) {
  const {card, press} = form;
  const menu = menuOf(card);
  if (!card.source && !menu) return null;
  const entry = action => el("button", {type: "button", disabled: !press, onclick: () => press(action.key)}, action.text);
  return el("div", {class: "source"},
    card.source?.icon_url ? picture(card.source.icon_url, {class: "picture icon"}) : null,
    el("span", {class: `of c${Number(card.source?.desc_color) || 0}`}, card.source?.desc ?? ""),
    menu ? el("details", {class: "menu"}, el("summary", {"aria-label": menu.desc || "更多"}, "···"),
      el("div", {class: "entries"}, menu.desc ? el("small", {}, menu.desc) : null, menu.action_list.map(entry))) : null);
}

function title(card) {
  const {title, desc} = card.main_title ?? {};
  if (!title && !desc) return null;
  return el("div", {}, title ? el("div", {class: "title"}, leads(card.card_action, title)) : null, desc ? el("div", {class: "desc"}, desc) : null);
}

function quote(card) {
  const area = card.quote_area;
  if (!area || !hasMenu(card)) return null;
  return el("div", {class: "quote"}, area.title ? el("b", {}, leads(area, area.title)) : null, area.quote_text ?? "");
}

function emphasis(card) {
  const content = card.card_type === "text_notice" ? card.emphasis_content : null;
  return content ? el("div", {class: "emphasis"}, el("b", {}, content.title ?? ""), el("span", {class: "desc"}, content.desc ?? "")) : null;
}

function image(card) {
  if (card.card_type !== "news_notice") return null;
  if (card.card_image) {
    const ratio = Number(card.card_image.aspect_ratio) || 1.3;
    return el("div", {class: "flush"}, picture(card.card_image.url, {class: "picture banner", style: `aspect-ratio: ${ratio}`}));
  }
  const area = card.image_text_area;
  if (!area) return null;
  return el("div", {class: "beside"}, picture(area.image_url),
    el("div", {}, el("div", {}, leads(area, area.title ?? "")), el("div", {class: "desc"}, area.desc ?? "")));
}

function vertical(card) {
  const list = card.card_type === "news_notice" ? card.vertical_content_list ?? [] : [];
  return list.map(item => el("div", {class: "vertical"}, el("b", {}, item.title), el("span", {class: "desc"}, item.desc ?? "")));
}

function horizontal(card) {
  const value = item => {
    switch (item.type) {
      case 1: return link(item.url, item.value || item.url);
      case 2: return el("span", {title: item.media_id}, tag("文件"), item.value ?? "");
      case 3: return el("span", {title: item.userid}, tag("成员"), item.value || item.userid);
      default: return item.value ?? "";
    }
  };
  return hasMenu(card) ? pairs((card.horizontal_content_list ?? []).map(item => [item.keyname, value(item)])) : null;
}

function jumps(card) {
  const list = isNotice(card) ? card.jump_list ?? [] : [];
  return list.map(item => el("div", {class: "flush rowlink"}, leads(item, item.title)));
}

// Whether a question cannot be answered, or not any more.
const isClosed = ({card, press}, question) => question.disable === true || Boolean(card.replace_text) || !press;

function pick(form, question) {
  const options = question.option_list ?? [];
  const preset = options.find(option => option.id === question.selected_id) ?? options[0];
  form.answers.set(question.question_key, [preset?.id]);
  const chosen = event => form.answers.set(question.question_key, [event.target.value]);
  return el("label", {class: "pick"}, el("span", {}, question.title ?? ""),
    el("select", {disabled: isClosed(form, question), onchange: chosen},
      options.map(option => el("option", {value: option.id, selected: option === preset}, option.text))));
}

function selection(form) {
  const {card} = form;
  return card.card_type === "button_interaction" && card.button_selection ? pick(form, card.button_selection) : null;
}

function selects(form) {
  const {card} = form;
  return card.card_type === "multiple_interaction" ? (card.select_list ?? []).map(question => pick(form, question)) : null;
}

function checkbox(form) {
  const question = form.card.card_type === "vote_interaction" ? form.card.checkbox : null;
  if (!question) return null;
  const type = question.mode === 1 ? "checkbox" : "radio";
  const boxes = [];
  const changed = () => form.answers.set(question.question_key, boxes.filter(box => box.checked).map(box => box.value));
  const name = `vote-${Math.random()}`;
  const option = option => {
    const box = el("input", {type, name, value: option.id, checked: option.is_checked === true, onchange: changed});
    boxes.push(box);
    return el("label", {class: "option"}, box, option.text);
  };
  const field = el("fieldset", {disabled: isClosed(form, question)}, (question.option_list ?? []).map(option));
  changed();
  return field;
}

function buttons(form) {
  const {card, press, answers} = form;
  if (!asks(card)) return null;
  if (card.replace_text) return el("div", {class: "buttons"}, el("button", {type: "button", class: "press grey", disabled: true}, card.replace_text));
  const selected = () => [...answers].map(([question_key, option_ids]) => ({question_key, option_ids: option_ids.filter(Boolean)}));
  const button = ({text, key, style}) => el("button", {type: "button", class: `press s${Number(style) || 1}`, disabled: !press, onclick: () => press(key, selected())}, text);
  if (card.card_type === "button_interaction") {
    const one = item => item.type === 1 ? Object.assign(link(item.url, item.text), {className: `press s${Number(item.style) || 1}`}) : button(item);
    return el("div", {class: "buttons"}, (card.button_list ?? []).map(one));
  }
  const submit = card.submit_button;
  return submit ? el("div", {class: "buttons"}, button({text: submit.text || "提交", key: submit.key})) : null;
}

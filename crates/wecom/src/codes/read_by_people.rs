//! Texts that people read for each error code, word for word: a changed text shows in the diff of this file, and a new row of the table needs one here.

use std::net::{IpAddr, Ipv4Addr};

use super::TABLE;
use crate::{Call, Error, Reason};

/// Each code of the table, with the text of its error and its advice.
#[rustfmt::skip]
const READ: &[(i64, &str)] = &[
    (-1, "errcode -1, system busy -> nothing to do: it is tried again; if it lasts, look at WeChat Work's status"),
    (6000, "errcode 6000, concurrent writers changed the same data -> send it again in a moment"),
    (40001, "errcode 40001, wrong secret, or the app was stopped -> copy the app's Secret from the admin console (应用管理) again; it belongs to one app and changes when it is reset"),
    (40003, "errcode 40003, invalid userid -> use the member's userid (账号) from the contacts page, not the name or phone number"),
    (40004, "errcode 40004, the media file is of a type that is not accepted -> upload JPEG or PNG as image, AMR as voice, MP4 as video, and anything as file"),
    (40005, "errcode 40005, the media type is not accepted -> upload media as image, voice, video or file"),
    (40006, "errcode 40006, the media file is too small or too large -> upload 6 bytes to 10 MB as image or video, to 2 MB as voice, and to 20 MB as file"),
    (40007, "errcode 40007, media_id invalid or expired -> media live three days: upload the file again and send the new media_id"),
    (40008, "errcode 40008, message type not supported -> use one of the types that the book lists; on-premises servers may lack the newer ones"),
    (40009, "errcode 40009, the picture is too large or too small -> upload pictures of 6 bytes to 10 MB"),
    (40011, "errcode 40011, the video is too large or too small -> upload videos of 6 bytes to 10 MB"),
    (40013, "errcode 40013, wrong corp_id -> copy the corp ID (企业ID) from the admin console, My Company (我的企业)"),
    (40014, "errcode 40014, access token invalid -> a fresh token is fetched by itself"),
    (40029, "errcode 40029, the sign-in code is not valid -> sign in again: a code works once and for five minutes; this belongs to the login flow and not to sending"),
    (40031, "errcode 40031, userid list not valid -> check each userid in touser; separate them with |"),
    (40032, "errcode 40032, too many userids -> send to at most 1000 members at a time, or to a department or tag"),
    (40033, "errcode 40033, illegal characters in the request -> remove escape sequences such as \\u0000 from the text"),
    (40035, "errcode 40035, a parameter is illegal or empty -> the gateway built a request that WeChat Work refuses; report it with the hint"),
    (40039, "errcode 40039, URL too long -> shorten the url to 1024 bytes"),
    (40050, "errcode 40050, the group chat does not exist -> create the group again, or correct the chatid"),
    (40056, "errcode 40056, wrong agent_id -> copy the AgentId from the page of the app whose secret is configured"),
    (40057, "errcode 40057, callback URL not valid -> correct the callback URL in the admin console"),
    (40058, "errcode 40058, a parameter is invalid or too long -> shorten or correct the field that the message names"),
    (40063, "errcode 40063, a parameter is illegal or empty -> the gateway built a request that WeChat Work refuses; report it with the hint"),
    (40066, "errcode 40066, department or tag not valid -> check the ids in toparty and totag against the contacts page"),
    (40068, "errcode 40068, department or tag not valid -> check the ids in toparty and totag against the contacts page"),
    (40070, "errcode 40070, department or tag not valid -> check the ids in toparty and totag against the contacts page"),
    (40074, "errcode 40074, this type cannot be confidential -> leave out safe for this message type"),
    (40091, "errcode 40091, secret not valid -> the secret may be another corporation's: copy corp_id and secret from the same admin console"),
    (40123, "errcode 40123, the picture is of a format that is not accepted -> upload pictures as JPEG or PNG"),
    (40141, "errcode 40141, the corporation's account is abnormal -> ask the administrator to look at the account's state in the admin console"),
    (40145, "errcode 40145, media_id invalid or expired -> media live three days: upload the file again and send the new media_id"),
    (40201, "errcode 40201, content blocked by the content filter -> reword the message"),
    (40204, "errcode 40204, content blocked by the content filter -> reword the message"),
    (40206, "errcode 40206, request too large -> shorten the message"),
    (41001, "errcode 41001, access token missing -> the gateway built a request that WeChat Work refuses; report it with the hint"),
    (41002, "errcode 41002, corp_id missing -> set wechat.corp_id"),
    (41004, "errcode 41004, secret missing -> set wechat.corp_secret"),
    (41006, "errcode 41006, media_id missing -> name the media_id of an uploaded file"),
    (41009, "errcode 41009, a required parameter is missing -> the gateway built a request that WeChat Work refuses; report it with the hint"),
    (41010, "errcode 41010, a required parameter is missing -> the gateway built a request that WeChat Work refuses; report it with the hint"),
    (41011, "errcode 41011, a required parameter is missing -> the gateway built a request that WeChat Work refuses; report it with the hint"),
    (41016, "errcode 41016, title missing -> give the card a title"),
    (41033, "errcode 41033, description missing -> give the card a description"),
    (42001, "errcode 42001, access token expired -> a fresh token is fetched by itself"),
    (42007, "errcode 42007, a third-party token expired -> this is the flow of third-party providers; use the secret of a self-built app"),
    (42009, "errcode 42009, a third-party token expired -> this is the flow of third-party providers; use the secret of a self-built app"),
    (42014, "errcode 42014, task_id not valid or used before -> give each card a task_id of its own, at most 128 bytes of letters, digits and _-@; after a send that broke off, it says that the card had arrived"),
    (42015, "errcode 42015, the card belongs to another app, or is unknown -> update a card with the app that sent it"),
    (42016, "errcode 42016, the card belongs to another app, or is unknown -> update a card with the app that sent it"),
    (42017, "errcode 42017, a button's key is missing or not valid -> give each button a key of its own, at most 1024 bytes; see button_list of the card"),
    (42018, "errcode 42018, a button's key is missing or not valid -> give each button a key of its own, at most 1024 bytes; see button_list of the card"),
    (42019, "errcode 42019, a button's text is missing or not valid -> give each button a text, at most 10 characters; see button_list of the card"),
    (42020, "errcode 42020, a button's text is missing or not valid -> give each button a text, at most 10 characters; see button_list of the card"),
    (42027, "errcode 42027, a line's keyname is missing or not valid -> give each entry of horizontal_content_list a keyname"),
    (42028, "errcode 42028, a URL of the card is not valid -> write whole addresses with http:// or https:// where the card opens a page"),
    (42029, "errcode 42029, a media_id of the card is not valid -> upload the file again, and name its media_id in horizontal_content_list; media live three days"),
    (42030, "errcode 42030, an appid of the card is not valid -> name a mini program that is bound to the app"),
    (42031, "errcode 42031, the card_type is not valid -> use text_notice, news_notice, button_interaction, vote_interaction or multiple_interaction"),
    (42032, "errcode 42032, a field of the card is not valid -> correct the card's field that the message names"),
    (42033, "errcode 42033, a title of the card is missing or not valid -> give main_title, and each entry of jump_list and vertical_content_list, a title"),
    (42034, "errcode 42034, a field of the card is not valid -> correct the card's field that the message names"),
    (42035, "errcode 42035, a list of the card has too many entries, or none -> keep to 6 buttons and lines, 4 vertical contents, 3 jumps, menus and selections, 20 options of a vote, and 10 of a selection"),
    (42036, "errcode 42036, a list of the card has too many entries, or none -> keep to 6 buttons and lines, 4 vertical contents, 3 jumps, menus and selections, 20 options of a vote, and 10 of a selection"),
    (42037, "errcode 42037, a list of the card has too many entries, or none -> keep to 6 buttons and lines, 4 vertical contents, 3 jumps, menus and selections, 20 options of a vote, and 10 of a selection"),
    (42038, "errcode 42038, a button's text is missing or not valid -> give each button a text, at most 10 characters; see button_list of the card"),
    (42039, "errcode 42039, a button's key is missing or not valid -> give each button a key of its own, at most 1024 bytes; see button_list of the card"),
    (42040, "errcode 42040, an option's id or text is not valid -> give each option an id of its own, at most 128 bytes, and a text"),
    (42041, "errcode 42041, an option's id or text is not valid -> give each option an id of its own, at most 128 bytes, and a text"),
    (42042, "errcode 42042, a list of the card has too many entries, or none -> keep to 6 buttons and lines, 4 vertical contents, 3 jumps, menus and selections, 20 options of a vote, and 10 of a selection"),
    (42043, "errcode 42043, a question_key is missing or not valid -> give each question a question_key of its own, at most 1024 bytes"),
    (42044, "errcode 42044, the card's picture is missing or not valid -> give card_image a url with http:// or https://"),
    (42045, "errcode 42045, the card_action is missing or not valid -> give a notice a card_action of type 1 with a url, or 2 with an appid"),
    (42046, "errcode 42046, the submit_button is missing or not valid -> give a vote or a multiple choice a submit_button with a key of at most 1024 bytes"),
    (42047, "errcode 42047, a list of the card has too many entries, or none -> keep to 6 buttons and lines, 4 vertical contents, 3 jumps, menus and selections, 20 options of a vote, and 10 of a selection"),
    (42048, "errcode 42048, a field of the card is not valid -> correct the card's field that the message names"),
    (42049, "errcode 42049, the submit_button is missing or not valid -> give a vote or a multiple choice a submit_button with a key of at most 1024 bytes"),
    (42050, "errcode 42050, a userid of the card is not valid -> use the member's userid (账号) from the contacts page in horizontal_content_list"),
    (42051, "errcode 42051, two entries of the menu have the same key -> give each entry of action_menu a key of its own"),
    (42052, "errcode 42052, too old to be recalled -> messages can be recalled for 24 hours"),
    (43004, "errcode 43004, the member has not linked WeChat -> ask the member to link WeChat, or reach them in WeChat Work"),
    (43009, "errcode 43009, the corporation is not verified -> ask the administrator to verify the corporation"),
    (43012, "errcode 43012, interactive cards need a callback URL -> configure the app's message callback (接收消息) in the admin console"),
    (44001, "errcode 44001, the media file is empty -> upload a file of at least 6 bytes"),
    (44004, "errcode 44004, empty content -> send some content"),
    (45001, "errcode 45001, media too large -> check the media file against WeChat Work's size and format limits, then upload it again"),
    (45002, "errcode 45002, content too long -> shorten a text to 2048 bytes, and the HTML of an article to 666 KB"),
    (45003, "errcode 45003, a title or description is too long -> shorten the title or description"),
    (45004, "errcode 45004, a title or description is too long -> shorten the title or description"),
    (45007, "errcode 45007, voice longer than 60 seconds -> check the media file against WeChat Work's size and format limits, then upload it again"),
    (45008, "errcode 45008, too many articles -> send 1 to 8 articles"),
    (45009, "errcode 45009, calls too frequent -> nothing to do: sends are paused and resumed slowly; if it lasts, see what else calls with this corp_id, and correct wrong secrets, since they ban the address for an hour"),
    (45022, "errcode 45022, a value is too long or too many -> shorten the field that the message names"),
    (45024, "errcode 45024, a value is too long or too many -> shorten the field that the message names"),
    (45029, "errcode 45029, a value is too long or too many -> shorten the field that the message names"),
    (45031, "errcode 45031, the secret is no longer safe -> reset the app's Secret in the admin console and configure the new one"),
    (45032, "errcode 45032, an author's name is too long -> shorten the author to 64 bytes"),
    (45033, "errcode 45033, too many calls at once -> lower wechat.max_concurrency"),
    (45034, "errcode 45034, URL without scheme -> begin the url with https://"),
    (45035, "errcode 45035, conflicting writes -> send it again in a moment"),
    (45036, "errcode 45036, data read too often -> wait, and read less often"),
    (46004, "errcode 46004, member does not exist -> check the userid against the contacts page"),
    (48001, "errcode 48001, no permission for this call -> use the secret of the app itself, not of contacts sync; check the app's permissions in the admin console"),
    (48002, "errcode 48002, no permission for this call -> use the secret of the app itself, not of contacts sync; check the app's permissions in the admin console"),
    (48004, "errcode 48004, no permission for this call -> use the secret of the app itself, not of contacts sync; check the app's permissions in the admin console"),
    (48005, "errcode 48005, this call was retired by WeChat Work -> the gateway built a request that WeChat Work refuses; report it with the hint"),
    (48006, "errcode 48006, permission withdrawn after long inactivity -> ask the administrator to enable the app again in the admin console"),
    (48009, "errcode 48009, contacts must not be read from a new address -> add this server's address to the app's trusted IPs (企业可信IP)"),
    (48010, "errcode 48010, TLS version not supported -> let the proxy in between speak TLS 1.2 or newer"),
    (49008, "errcode 49008, the group was dissolved -> create the group again"),
    (50001, "errcode 50001, domain not trusted -> add the domain to the app's trusted domains in the admin console"),
    (50002, "errcode 50002, member outside the app's range -> add the member to the app's visible range (可见范围)"),
    (50003, "errcode 50003, the app is disabled -> enable the app in the admin console"),
    (50006, "errcode 50006, the app is disabled -> enable the app in the admin console"),
    (60003, "errcode 60003, department does not exist -> check the ids in toparty against the contacts page"),
    (60011, "errcode 60011, no permission for this member, department or tag -> add them to the app's visible range (可见范围)"),
    (60020, "errcode 60020, the caller's address is not trusted -> add this server's address to the app's trusted IPs (企业可信IP) in the admin console, and wait a minute"),
    (60021, "errcode 60021, member outside the app's visible range -> add the member to the app's visible range (可见范围)"),
    (60030, "errcode 60030, member outside the app's visible range -> add the member to the app's visible range (可见范围)"),
    (60031, "errcode 60031, the app must not call this API -> check the app's API permissions in the admin console"),
    (60111, "errcode 60111, userid not found -> check the userid against the contacts page; it may have been changed or removed"),
    (60123, "errcode 60123, department does not exist -> check the ids in toparty against the contacts page"),
    (60140, "errcode 60140, response_code not valid -> a response_code works once and for 72 hours: use the newest"),
    (60206, "errcode 60206, messages of third-party apps are restricted -> use a self-built app"),
    (60207, "errcode 60207, messages of third-party apps are restricted -> use a self-built app"),
    (60208, "errcode 60208, messages of third-party apps are restricted -> use a self-built app"),
    (81001, "errcode 81001, department or tag limit reached -> ask the administrator to reduce the size of the department or tag"),
    (81002, "errcode 81002, department or tag limit reached -> ask the administrator to reduce the size of the department or tag"),
    (81003, "errcode 81003, department or tag limit reached -> ask the administrator to reduce the size of the department or tag"),
    (81011, "errcode 81011, no permission for the tag -> add the tag to the app's visible range, or use another tag"),
    (81012, "errcode 81012, no recipients -> set touser, toparty or totag"),
    (81013, "errcode 81013, none of the users, departments and tags can be reached -> check that they exist and lie in the app's visible range (可见范围), and that userids are in touser, department ids in toparty and tag ids in totag"),
    (81026, "errcode 81026, feature under maintenance -> send it again later"),
    (82001, "errcode 82001, no recipients -> set touser, toparty or totag"),
    (82002, "errcode 82002, too many departments -> send to at most 100 departments at a time"),
    (82003, "errcode 82003, too many tags -> send to at most 100 tags at a time"),
    (82004, "errcode 82004, content that could crash clients -> remove unusual characters from the text"),
    (82101, "errcode 82101, the update's target is empty or was not in the message -> update only for members who received the card"),
    (82102, "errcode 82102, the update's target is empty or was not in the message -> update only for members who received the card"),
    (84014, "errcode 84014, login ticket expired or not valid -> this belongs to the login flow and not to sending"),
    (84015, "errcode 84015, login ticket expired or not valid -> this belongs to the login flow and not to sending"),
    (85002, "errcode 85002, forbidden words in the content -> reword the message"),
    (85004, "errcode 85004, too many trusted domains this month -> wait for the next month"),
    (85005, "errcode 85005, domain ownership not proven -> prove the domain's ownership in the admin console"),
    (86001, "errcode 86001, a field of the group chat is not valid -> correct the chatid, name or owner"),
    (86003, "errcode 86003, a field of the group chat is not valid -> correct the chatid, name or owner"),
    (86004, "errcode 86004, a field of the group chat is not valid -> correct the chatid, name or owner"),
    (86005, "errcode 86005, a field of the group chat is not valid -> correct the chatid, name or owner"),
    (86006, "errcode 86006, members of the group chat are not valid -> check the userids of the group's members"),
    (86007, "errcode 86007, members of the group chat are not valid -> check the userids of the group's members"),
    (86008, "errcode 86008, the group was created by another app -> send to groups that this app created"),
    (86101, "errcode 86101, only the owner may do this -> use the group owner's account"),
    (86201, "errcode 86201, a parameter of the group chat is not valid -> correct the field that the message names"),
    (86202, "errcode 86202, a parameter of the group chat is not valid -> correct the field that the message names"),
    (86203, "errcode 86203, a parameter of the group chat is not valid -> correct the field that the message names"),
    (86204, "errcode 86204, a parameter of the group chat is not valid -> correct the field that the message names"),
    (86205, "errcode 86205, a parameter of the group chat is not valid -> correct the field that the message names"),
    (86206, "errcode 86206, a parameter of the group chat is not valid -> correct the field that the message names"),
    (86207, "errcode 86207, a parameter of the group chat is not valid -> correct the field that the message names"),
    (86215, "errcode 86215, a parameter of the group chat is not valid -> correct the field that the message names"),
    (86216, "errcode 86216, members of the group chat are not valid -> check the userids of the group's members"),
    (86220, "errcode 86220, a parameter of the group chat is not valid -> correct the field that the message names"),
    (90200, "errcode 90200, the mini program's appid is missing -> give the miniprogram_notice an appid"),
    (90201, "errcode 90201, the notice has too many content_item -> give the miniprogram_notice at most 10 of content_item"),
    (90202, "errcode 90202, a key of the notice is empty or too long -> give each of content_item a key of 1 to 10 characters"),
    (90203, "errcode 90203, a value of the notice is empty or too long -> give each of content_item a value of 1 to 30 characters"),
    (90204, "errcode 90204, the notice's page is not valid -> name a page of the mini program, at most 1024 bytes"),
    (90205, "errcode 90205, a field of the mini-program notice is not valid -> correct the field that the message names"),
    (90206, "errcode 90206, the mini program is not bound to the corporation -> bind the mini program to the corporation in the admin console"),
    (90207, "errcode 90207, the mini program's appid is not valid -> copy the mini program's appid from the admin console"),
    (90208, "errcode 90208, the mini program is not bound to the app -> bind the mini program to the app in the admin console, or send with the app that it is bound to"),
    (92000, "errcode 92000, not visible to this app -> check the app's visible range and permissions"),
    (92001, "errcode 92001, not visible to this app -> check the app's visible range and permissions"),
    (92002, "errcode 92002, not visible to this app -> check the app's visible range and permissions"),
    (92003, "errcode 92003, not visible to this app -> check the app's visible range and permissions"),
    (93000, "errcode 93000, the group robot's key is wrong, or it was removed -> copy the robot's webhook address from the group again"),
    (93001, "errcode 93001, the group does not take messages from this robot -> enable the robot in the group, or add it again"),
    (93004, "errcode 93004, the group does not take messages from this robot -> enable the robot in the group, or add it again"),
    (93006, "errcode 93006, chat id or robot id not valid -> correct the chat id or robot id"),
    (93008, "errcode 93008, the group does not take messages from this robot -> enable the robot in the group, or add it again"),
    (93017, "errcode 93017, empty body or image too large -> send some content, or a smaller image"),
    (93018, "errcode 93018, empty body or image too large -> send some content, or a smaller image"),
    (93019, "errcode 93019, chat id or robot id not valid -> correct the chat id or robot id"),
    (301_002, "errcode 301002, the access token belongs to another app than agent_id -> wechat.agent_id and wechat.corp_secret must be of the same app: copy both from one app's page"),
    (301_007, "errcode 301007, the corporation was dissolved or banned -> ask the administrator to look at the account's state"),
    (301_016, "errcode 301016, the voice is not valid -> upload a voice of at most 60 seconds as AMR"),
    (301_017, "errcode 301017, the voice is of a format that is not accepted -> upload voices as AMR"),
    (301_019, "errcode 301019, media file not valid -> check the media file against WeChat Work's size and format limits, then upload it again"),
    (301_021, "errcode 301021, userid not valid -> check the userid against the contacts page"),
    (301_042, "errcode 301042, the caller's address is not trusted -> add this server's address to the trusted IPs in the admin console"),
    (400_010, "errcode 400010, unblocking failed -> use the self-service page with the hint of the blocked call"),
    (400_011, "errcode 400011, unblocking failed -> use the self-service page with the hint of the blocked call"),
    (400_012, "errcode 400012, unblocking failed -> use the self-service page with the hint of the blocked call"),
    (400_013, "errcode 400013, unblocking failed -> use the self-service page with the hint of the blocked call"),
    (701_008, "errcode 701008, no API licence -> assign an API licence to the members or the corporation"),
    (701_063, "errcode 701063, no API licence -> assign an API licence to the members or the corporation"),
    (701_099, "errcode 701099, no API licence -> assign an API licence to the members or the corporation"),
    (846_601, "errcode 846601, error of the smart robot's long connection -> this belongs to smart robots and not to sending through an app"),
    (846_602, "errcode 846602, error of the smart robot's long connection -> this belongs to smart robots and not to sending through an app"),
    (846_603, "errcode 846603, error of the smart robot's long connection -> this belongs to smart robots and not to sending through an app"),
    (846_604, "errcode 846604, error of the smart robot's long connection -> this belongs to smart robots and not to sending through an app"),
    (846_605, "errcode 846605, error of the smart robot's long connection -> this belongs to smart robots and not to sending through an app"),
    (846_606, "errcode 846606, error of the smart robot's long connection -> this belongs to smart robots and not to sending through an app"),
    (846_607, "errcode 846607, error of the smart robot's long connection -> this belongs to smart robots and not to sending through an app"),
    (846_608, "errcode 846608, error of the smart robot's long connection -> this belongs to smart robots and not to sending through an app"),
    (846_609, "errcode 846609, error of the smart robot's long connection -> this belongs to smart robots and not to sending through an app"),
    (846_610, "errcode 846610, error of the smart robot's long connection -> this belongs to smart robots and not to sending through an app"),
    (846_611, "errcode 846611, error of the smart robot's long connection -> this belongs to smart robots and not to sending through an app"),
    (846_612, "errcode 846612, error of the smart robot's long connection -> this belongs to smart robots and not to sending through an app"),
    (846_613, "errcode 846613, error of the smart robot's long connection -> this belongs to smart robots and not to sending through an app"),
    (2_000_002, "errcode 2000002, corp_id does not exist -> copy the corp ID (企业ID) from the admin console, My Company (我的企业)"),
];

fn refused(code: i64, from_ip: Option<IpAddr>) -> Error {
    Error::new(
        Call::Send,
        Reason::Code {
            code,
            text: "ERRMSG".into(),
            hint: None,
            from_ip,
        },
    )
}

/// Text of an error and its advice, without the parts that every error has: the call and the service's own text.
fn read(error: &Error) -> String {
    let told = error.to_string();
    let told = told
        .strip_prefix("WeChat Work message/send: ")
        .expect("the call comes first");
    let told = told.strip_suffix(": ERRMSG").unwrap_or(told);
    format!("{told} -> {}", error.advice())
}

#[test]
fn people_read_for_each_code_what_it_means_and_what_to_do() {
    for entry in TABLE {
        let row = READ.iter().find(|(code, _)| *code == entry.code);
        let (_, expected) =
            row.unwrap_or_else(|| panic!("{} is in the table and has no row here", entry.code));
        assert_eq!(read(&refused(entry.code, None)), *expected);
    }
    let codes = |(code, _): &(i64, &str)| *code;
    assert!(
        READ.iter()
            .map(codes)
            .eq(TABLE.iter().map(|entry| entry.code)),
        "a row here is of no code of the table, or not in its order"
    );
}

#[test]
fn the_service_says_its_own_text_behind_ours() {
    let error = refused(40058, None);
    assert_eq!(
        error.to_string(),
        "WeChat Work message/send: errcode 40058, a parameter is invalid or too long: ERRMSG"
    );
    assert_eq!(
        read(&refused(123_456, None)),
        "errcode 123456, unlisted error code -> look the code up at https://open.work.weixin.qq.com/devtool/query and quote the \
         hint to WeChat Work's support"
    );
}

#[test]
fn an_address_that_is_not_trusted_is_named() {
    for code in [60020, 301_042] {
        assert_eq!(
            read(&refused(code, Some(Ipv4Addr::new(203, 0, 113, 9).into()))),
            format!(
                "errcode {code}, the caller's address is not trusted -> add 203.0.113.9 to the app's trusted IPs (企业可信IP) in the \
                 admin console, and wait a minute"
            )
        );
    }
}

#[test]
fn a_fresh_token_that_is_refused_too_has_a_text_of_its_own() {
    for code in [40014, 42001] {
        assert_eq!(
            read(&refused(code, None).of_a_fresh_token()),
            format!(
                "errcode {code}, also with a fresh access token -> each new token is refused, so something else ends this app's tokens: \
                 look for another program that uses the same Secret, and check that wechat.api_base_url is one and the same WeChat \
                 Work for gettoken and message/send"
            )
        );
    }
    assert_eq!(
        read(&Error::new(Call::Send, Reason::AppDisabled)),
        "the app is disabled -> enable the app in the admin console"
    );
}

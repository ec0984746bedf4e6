#include "autodiscover/xframe.h"

#include "base/encode.h"
#include "http/origin.h"

#include <openssl/sha.h>

/* The script of the page behind its list of origins. Header names: browsers give them in
 * small letters, Microsoft's library looks for them as servers used to write them. */
static const char script[] =
    "\nfunction canonical(text){return text.replace(/^[^:\\r\\n]+/gm,function(name){"
    "return name.toLowerCase()==='www-authenticate'?'WWW-Authenticate':"
    "name.replace(/(^|-)([a-z])/g,function(all,dash,letter){return dash+letter.toUpperCase();});"
    "});}\n"
    "addEventListener('message',function(event){\n"
    " if(origins.indexOf(event.origin)<0||typeof event.data!=='string')return;\n"
    " var ask,x=new XMLHttpRequest(),answered=false;\n"
    " try{ask=JSON.parse(event.data);}catch(e){return;}\n"
    " if(ask&&ask.request)ask=ask.request;\n"
    " if(!ask||typeof ask.url!=='string')return;\n"
    " function answer(){if(answered)return;answered=true;event.source.postMessage(JSON.stringify("
    "{status:x.status,statusText:x.statusText,responseText:x.responseText,"
    "headers:canonical(x.getAllResponseHeaders()||''),messageId:ask.messageId}),event.origin);}\n"
    " function set(name,value){try{x.setRequestHeader(name,value);}catch(e){}}\n"
    " x.onload=x.onerror=x.onabort=x.ontimeout=answer;\n"
    " try{\n"
    "  x.open((ask.type||'GET').toUpperCase(),ask.url,true);\n"
    "  if(ask.accepts)set('Accept',ask.accepts);\n"
    "  if(ask.contentType)set('Content-Type',ask.contentType);\n"
    "  Object.keys(ask.headers||{}).forEach(function(name){set(name,ask.headers[name]);});\n"
    "  set('X-Ms-Origin',event.origin);\n"
    "  x.send(ask.data===undefined||ask.data===null?null:String(ask.data));\n"
    " }catch(e){answer();}\n"
    "});\n";

struct xframe xframe_make(struct arena *arena, struct slice origins)
{
    struct xframe frame = {0};
    struct slice list = SLICE(""), ancestors = SLICE(""), word;
    while (slice_next(&origins, ' ', &word) && frame.origin_count < XFRAME_ORIGINS_MAX) {
        if (!http_is_origin(word))
            continue;
        list = arena_print(arena, "%.*s%s\"%.*s\"", SLICE_ARG(list), frame.origin_count ? "," : "",
                           SLICE_ARG(word));
        ancestors = arena_print(arena, "%.*s %.*s", SLICE_ARG(ancestors), SLICE_ARG(word));
        frame.origin_count++;
    }
    struct slice code = arena_print(arena, "var origins=[%.*s];%s", SLICE_ARG(list), script);
    unsigned char *hash = arena_alloc(arena, SHA256_DIGEST_LENGTH);
    SHA256((const unsigned char *)code.at, code.len, hash);
    struct slice digest = base64_print(arena, slice_make(hash, SHA256_DIGEST_LENGTH));
    frame.policy = arena_print(arena,
                               "default-src 'none'; script-src 'sha256-%.*s'; connect-src https:; "
                               "frame-ancestors%.*s",
                               SLICE_ARG(digest), SLICE_ARG(ancestors));
    frame.page = arena_print(arena,
                             "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">"
                             "<title>Frame</title><script>%.*s</script></head><body></body></html>",
                             SLICE_ARG(code));
    return frame;
}

void xframe_answer(const struct xframe *frame, struct http_reply *reply, struct arena *arena)
{
    http_reply_header(reply, arena, "Content-Security-Policy", "%.*s", SLICE_ARG(frame->policy));
    http_reply_header(reply, arena, "X-Content-Type-Options", "nosniff");
    http_reply_header(reply, arena, "Referrer-Policy", "no-referrer");
    http_reply_header(reply, arena, "Cache-Control", "no-cache");
    http_reply_set(reply, 200, "text/html; charset=utf-8", frame->page);
}

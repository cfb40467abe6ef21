/*
 * Common knowledge kept by hand, by provider: add a domain in its provider's group. The lists that
 * can be had ready-made mix in disposable domains and lack most French access providers.
 */
#include "domain/free_mail.h"

static const char domains[] =
    /* Google */
    "gmail.com googlemail.com "
    /* Microsoft */
    "hotmail.com hotmail.fr hotmail.be hotmail.ch hotmail.ca hotmail.co.uk hotmail.de "
    "hotmail.es hotmail.it hotmail.nl hotmail.se hotmail.no hotmail.dk hotmail.fi hotmail.gr "
    "hotmail.com.br hotmail.com.tr hotmail.co.jp hotmail.co.il hotmail.co.th hotmail.co.za "
    "hotmail.com.au hotmail.co.nz live.com live.fr live.be live.ca live.co.uk live.de live.it "
    "live.nl live.se live.no live.dk live.ie live.at live.cn live.jp live.com.au live.com.mx "
    "live.com.pt live.com.ar live.cl live.co.za outlook.com outlook.fr outlook.be outlook.de "
    "outlook.es outlook.it outlook.pt outlook.ie outlook.at outlook.dk outlook.cz "
    "outlook.com.br outlook.com.tr outlook.com.au outlook.co.nz outlook.jp outlook.in "
    "outlook.cl msn.com windowslive.com "
    /* Yahoo and AOL */
    "yahoo.com yahoo.fr yahoo.be yahoo.ca yahoo.co.uk yahoo.de yahoo.es yahoo.it yahoo.nl "
    "yahoo.se yahoo.no yahoo.dk yahoo.fi yahoo.ie yahoo.at yahoo.gr yahoo.pl yahoo.pt yahoo.ro "
    "yahoo.in yahoo.co.in yahoo.co.jp yahoo.co.id yahoo.co.kr yahoo.co.nz yahoo.co.th "
    "yahoo.co.za yahoo.com.ar yahoo.com.au yahoo.com.br yahoo.com.cn yahoo.com.hk yahoo.com.mx "
    "yahoo.com.my yahoo.com.ph yahoo.com.sg yahoo.com.tr yahoo.com.tw yahoo.com.vn "
    "yahoo.com.co yahoo.cn ymail.com rocketmail.com myyahoo.com aol.com aol.fr aol.de "
    "aol.co.uk aim.com "
    /* Apple */
    "icloud.com me.com mac.com "
    /* Privacy services */
    "protonmail.com protonmail.ch proton.me pm.me tutanota.com tutanota.de tutamail.com "
    "tuta.io tuta.com keemail.me mailbox.org posteo.de posteo.net disroot.org riseup.net "
    "hushmail.com startmail.com mailfence.com duck.com "
    /* GMX, Web.de, mail.com (1&1) */
    "gmx.com gmx.net gmx.de gmx.fr gmx.ch gmx.at gmx.es gmx.co.uk gmx.us gmx.li gmx.eu web.de "
    "mail.com email.com usa.com consultant.com engineer.com europe.com "
    /* Other web mail */
    "zoho.com zohomail.com zohomail.eu fastmail.com fastmail.fm inbox.com inbox.lv inbox.ru "
    "lycos.com hotmail.co.kr mail.ru bk.ru list.ru internet.ru yandex.com yandex.ru yandex.ua "
    "yandex.by yandex.kz ya.ru rambler.ru ukr.net i.ua meta.ua qq.com foxmail.com 163.com "
    "126.com yeah.net sina.com sina.cn sohu.com 139.com 189.cn aliyun.com naver.com "
    "hanmail.net daum.net nate.com rediffmail.com seznam.cz email.cz centrum.cz azet.sk wp.pl "
    "o2.pl onet.pl op.pl interia.pl gazeta.pl abv.bg mail.bg citromail.hu freemail.hu "
    "libero.it virgilio.it tiscali.it alice.it tin.it sapo.pt uol.com.br bol.com.br "
    "terra.com.br ig.com.br walla.co.il excite.com "
    /* French access providers and portals */
    "orange.fr wanadoo.fr voila.fr free.fr freesbee.fr libertysurf.fr laposte.net sfr.fr "
    "neuf.fr 9online.fr cegetel.net club-internet.fr bbox.fr numericable.fr noos.fr "
    "aliceadsl.fr tiscali.fr nordnet.fr net-c.com netc.fr netcourrier.com mailo.com "
    "caramail.com caramail.fr ifrance.com infonie.fr worldonline.fr monaco.mc francite.com "
    "lavache.com mail.fr mail.pf lagoon.nc libello.com "
    /* Belgian, Swiss, Luxembourg access providers */
    "skynet.be telenet.be belgacom.net proximus.be scarlet.be voo.be brutele.be swing.be "
    "bluewin.ch sunrise.ch hispeed.ch romandie.com netplus.ch vtxnet.ch pt.lu internet.lu "
    /* Canadian, British, German, American and other access providers */
    "videotron.ca sympatico.ca rogers.com shaw.ca bell.net cogeco.ca telus.net btinternet.com "
    "btopenworld.com sky.com talktalk.net virginmedia.com ntlworld.com blueyonder.co.uk "
    "t-online.de freenet.de arcor.de vodafone.de online.de comcast.net verizon.net att.net "
    "sbcglobal.net bellsouth.net cox.net charter.net earthlink.net optonline.net juno.com "
    "netzero.net roadrunner.com ziggo.nl kpnmail.nl planet.nl home.nl xs4all.nl hetnet.nl "
    "chello.nl telefonica.net telia.com bredband.net bigpond.com optusnet.com.au";

bool is_free_mail(struct str domain)
{
    struct str rest = STR_LITERAL(domains);
    while (rest.data != NULL) {
        if (str_eq(str_cut(&rest, ' '), domain)) {
            return true;
        }
    }
    return false;
}

import { expect } from 'chai';
import { parseAckSubject } from '@troupe/jetstream/internal';

describe('the reply subject of a delivery', () => {
  const place = { deliveries: 3, sequence: 123_456_789_012, storedAt: 1_795_583_806_750 };

  it('is read in its short form', () => {
    expect(parseAckSubject('$JS.ACK.troupe_MAIL.supervisor_3.3.123456789012.17.1795583806750462118.5')).to.deep.equal(place);
  });

  it('is read in the form with domain and account, with and without a last token', () => {
    const long = '$JS.ACK.hub.ACXYZ.troupe_MAIL.supervisor_3.3.123456789012.17.1795583806750462118.5';
    expect(parseAckSubject(long)).to.deep.equal(place);
    expect(parseAckSubject(`${long}.Ab12`)).to.deep.equal(place);
    expect(parseAckSubject('$JS.ACK._.ACXYZ.S.c.1.2.3.1795583806750462118.0')).to.deep.equal({ ...place, deliveries: 1, sequence: 2 });
  });

  it('is nothing else', () => {
    for (const other of ['', '_INBOX.x.1', '$JS.ACK.too.short', '$JS.API.CONSUMER.MSG.NEXT.S.c.1.2.3', '$JS.ACK.a.b.c.d.e.f.g.h']) {
      expect(parseAckSubject(other), other).to.equal(undefined);
    }
  });
});

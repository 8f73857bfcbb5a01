<?php
/**
 * What the plugin promises, a test each.
 *
 * @package Notice_Bar
 */

$notice_bar_now = 1_800_000_000;

// The form as a browser sends it: an unticked checkbox is not in it.
$notice_bar_form = array(
	'enabled'      => '1',
	'members_only' => '1',
	'message'      => 'Closed on Friday',
	'style'        => 'warning',
	'days'         => '5',
);

// The same after it was saved.
$notice_bar_saved = array(
	'enabled'      => true,
	'members_only' => true,
	'message'      => 'Closed on Friday',
	'style'        => 'warning',
	'days'         => 5,
);

$notice_bar_admin = (int) current(
	get_users(
		array(
			'role'   => 'administrator',
			'number' => 1,
			'fields' => 'ID',
		)
	)
);

/*
 * Gives a test its own option and its own user, and puts the site's back afterwards, whatever
 * happens. The test gets the harness, the settings, the page, the notice, and a function that
 * sends a form to the save handler.
 */
$notice_bar_test = static function ( string $role, callable $test ) use ( $notice_bar_now, $notice_bar_admin ): Closure {
	return static function ( object $t, string $space ) use ( $role, $test, $notice_bar_now, $notice_bar_admin ): void {
		$settings_class = $space . 'Settings';
		$page_class     = $space . 'Settings_Page';
		$notice_class   = $space . 'Notice';

		$before = get_option( $settings_class::OPTION );
		$user   = get_current_user_id();

		delete_option( $settings_class::OPTION );
		wp_set_current_user( 'administrator' === $role ? $notice_bar_admin : 0 );

		$settings = new $settings_class();
		$page     = new $page_class( $settings );
		$send     = static fn( $form, ?string $nonce = null ) => $page->save(
			array(
				'_wpnonce'        => $nonce ?? wp_create_nonce( $page_class::ACTION ),
				$page_class::FORM => $form,
			),
			$notice_bar_now
		);

		try {
			$test( $t, $settings, $page, new $notice_class( $settings ), $send );
		} finally {
			wp_set_current_user( $user );

			if ( false === $before ) {
				delete_option( $settings_class::OPTION );
			} else {
				update_option( $settings_class::OPTION, $before );
			}
		}
	};
};

return array(
	'A new site has the default settings' => $notice_bar_test(
		'administrator',
		static function ( $t, $settings ): void {
			$t->same(
				array(
					'enabled'      => false,
					'members_only' => true,
					'message'      => '',
					'style'        => 'info',
					'days'         => 7,
				),
				$settings->get(),
				'settings'
			);
		}
	),

	'Stored values of a wrong type count as absent' => $notice_bar_test(
		'administrator',
		static function ( $t, $settings ): void {
			update_option(
				$settings::OPTION,
				array(
					'enabled' => 'yes',
					'message' => array(),
					'days'    => 3,
				)
			);
			$t->same( false, $settings->get()['enabled'], 'enabled' );
			$t->same( '', $settings->get()['message'], 'message' );
			$t->same( 3, $settings->get()['days'], 'days' );

			update_option( $settings::OPTION, 'broken' );
			$t->same( 7, $settings->get()['days'], 'days of a broken option' );
		}
	),

	'Saving stores what the form has sent' => $notice_bar_test(
		'administrator',
		static function ( $t, $settings, $page, $notice, $send ) use ( $notice_bar_form, $notice_bar_saved, $notice_bar_now ): void {
			$t->same( true, $send( $notice_bar_form ), 'save' );
			$t->same( $notice_bar_saved, $settings->get(), 'settings' );
			$t->same( $notice_bar_now, $settings->saved_at(), 'time of the save' );
		}
	),

	'Saving refuses a visitor' => $notice_bar_test(
		'visitor',
		static function ( $t, $settings, $page, $notice, $send ) use ( $notice_bar_form ): void {
			$t->error( 'notice_bar_forbidden', 403, $send( $notice_bar_form ), 'save' );
			$t->same( false, get_option( $settings::OPTION ), 'option' );
		}
	),

	'Saving refuses a wrong nonce' => $notice_bar_test(
		'administrator',
		static function ( $t, $settings, $page, $notice, $send ) use ( $notice_bar_form ): void {
			$t->error( 'notice_bar_expired', 403, $send( $notice_bar_form, 'wrong' ), 'save with a wrong nonce' );
			$t->error( 'notice_bar_expired', 403, $page->save( array( $page::FORM => $notice_bar_form ), 0 ), 'save without a nonce' );
			$t->error( 'notice_bar_expired', 403, $page->save( array( '_wpnonce' => array() ), 0 ), 'save with an array as nonce' );
			$t->same( false, get_option( $settings::OPTION ), 'option' );
		}
	),

	'A checkbox that was unticked is saved as off' => $notice_bar_test(
		'administrator',
		static function ( $t, $settings, $page, $notice, $send ) use ( $notice_bar_form ): void {
			$send( $notice_bar_form );
			$send( array_diff_key( $notice_bar_form, array( 'members_only' => true ) ) );
			$t->same( true, $settings->get()['enabled'], 'checkbox enabled, still ticked' );
			$t->same( false, $settings->get()['members_only'], 'checkbox members_only, unticked' );

			$send( array_diff_key( $notice_bar_form, array( 'enabled' => true ) ) );
			$t->same( false, $settings->get()['enabled'], 'checkbox enabled, unticked' );
			$t->same( true, $settings->get()['members_only'], 'checkbox members_only, ticked again' );
		}
	),

	'Other fields that the form lacks keep their values' => $notice_bar_test(
		'administrator',
		static function ( $t, $settings, $page, $notice, $send ) use ( $notice_bar_form ): void {
			$send( $notice_bar_form );
			$send( array( 'enabled' => '1' ) );
			$t->same( 'Closed on Friday', $settings->get()['message'], 'message' );
			$t->same( 'warning', $settings->get()['style'], 'style' );
			$t->same( 5, $settings->get()['days'], 'days' );
		}
	),

	'A form that is no array changes no text' => $notice_bar_test(
		'administrator',
		static function ( $t, $settings, $page, $notice, $send ) use ( $notice_bar_form ): void {
			$send( $notice_bar_form );
			$t->same( true, $send( 'rubbish' ), 'save' );
			$t->same( 'Closed on Friday', $settings->get()['message'], 'message' );
		}
	),

	'The number of days stays between 1 and 30' => $notice_bar_test(
		'administrator',
		static function ( $t, $settings, $page, $notice, $send ): void {
			foreach ( array( '0' => 1, '-4' => 1, '1' => 1, '2' => 2, '29' => 29, '30' => 30, '31' => 30, 'many' => 1 ) as $sent => $saved ) {
				$send( array( 'days' => (string) $sent ) );
				$t->same( $saved, $settings->get()['days'], "days sent as $sent" );
			}
		}
	),

	'The message is plain text of 200 characters at most' => $notice_bar_test(
		'administrator',
		static function ( $t, $settings, $page, $notice, $send ): void {
			$send( array( 'message' => "Closed <b>on</b>\n Friday" ) );
			$t->same( 'Closed on Friday', $settings->get()['message'], 'message with tags' );

			$send( array( 'message' => str_repeat( 'é', 201 ) ) );
			$t->same( str_repeat( 'é', 200 ), $settings->get()['message'], 'message of 201 characters' );

			$send( array( 'message' => array( 'x' ) ) );
			$t->same( '', $settings->get()['message'], 'message sent as an array' );
		}
	),

	'Unknown styles and fields are left out' => $notice_bar_test(
		'administrator',
		static function ( $t, $settings, $page, $notice, $send ) use ( $notice_bar_form ): void {
			$send( $notice_bar_form );
			$send(
				array(
					'style' => 'blink',
					'role'  => 'administrator',
				)
			);
			$t->same( 'warning', $settings->get()['style'], 'style' );
			$t->same( false, array_key_exists( 'role', get_option( $settings::OPTION ) ), 'field role is stored' );
		}
	),

	'The page shows the stored settings' => $notice_bar_test(
		'administrator',
		static function ( $t, $settings, $page ) use ( $notice_bar_saved, $notice_bar_now ): void {
			require_once ABSPATH . 'wp-admin/includes/template.php';

			$settings->save(
				array(
					'members_only' => false,
					'message'      => 'Say "hello"',
				) + $notice_bar_saved,
				$notice_bar_now
			);
			ob_start();
			$page->render();
			$html = ob_get_clean();

			$t->contains( '<label for="notice-bar-enabled">Show the notice</label></th><td><input type="checkbox" id="notice-bar-enabled" name="notice_bar[enabled]" value="1" checked=\'checked\'></td>', $html, 'row of the checkbox enabled, ticked' );
			$t->contains( '<label for="notice-bar-members_only">Only to people who are logged in</label></th><td><input type="checkbox" id="notice-bar-members_only" name="notice_bar[members_only]" value="1"></td>', $html, 'row of the checkbox members_only, unticked' );
			$t->contains( '<label for="notice-bar-message">Message</label></th><td><input type="text" class="large-text" id="notice-bar-message" name="notice_bar[message]" value="Say &quot;hello&quot;" maxlength="200"></td>', $html, 'row of the message' );
			$t->contains( '<label for="notice-bar-style">Style</label></th><td><select id="notice-bar-style" name="notice_bar[style]"><option value="info">info</option><option value="success">success</option><option value="warning" selected=\'selected\'>warning</option></select></td>', $html, 'row of the style' );
			$t->contains( '<label for="notice-bar-days">Days to show it for</label></th><td><input type="number" id="notice-bar-days" name="notice_bar[days]" value="5" min="1" max="30"></td>', $html, 'row of the days' );
		}
	),

	'The notice is shown until its days are over' => $notice_bar_test(
		'administrator',
		static function ( $t, $settings, $page, $notice, $send ) use ( $notice_bar_form, $notice_bar_now ): void {
			$t->same( '', $notice->markup( $notice_bar_now ), 'notice of a new site' );

			$send( $notice_bar_form );
			$end = $notice_bar_now + 5 * DAY_IN_SECONDS;
			$t->same(
				'<div class="notice-bar notice-bar-warning" role="status">Closed on Friday</div>',
				$notice->markup( $notice_bar_now ),
				'notice'
			);
			$t->same( true, $notice->is_due( $end - 1 ), 'due in the last second' );
			$t->same( false, $notice->is_due( $end ), 'due when the days are over' );
		}
	),

	'The notice goes away when it is switched off' => $notice_bar_test(
		'administrator',
		static function ( $t, $settings, $page, $notice, $send ) use ( $notice_bar_form, $notice_bar_now ): void {
			$send( $notice_bar_form );
			$t->same( true, $notice->is_due( $notice_bar_now ), 'due while the checkbox is ticked' );
			$send( array_diff_key( $notice_bar_form, array( 'enabled' => true ) ) );
			$t->same( false, $notice->is_due( $notice_bar_now ), 'due after the checkbox was unticked' );
		}
	),

	'The notice needs a message' => $notice_bar_test(
		'administrator',
		static function ( $t, $settings, $page, $notice, $send ) use ( $notice_bar_form, $notice_bar_now ): void {
			$send( array( 'message' => ' ' ) + $notice_bar_form );
			$t->same( false, $notice->is_due( $notice_bar_now ), 'due' );
		}
	),

	'The notice is escaped' => $notice_bar_test(
		'administrator',
		static function ( $t, $settings, $page, $notice, $send ) use ( $notice_bar_form, $notice_bar_now ): void {
			$send( array( 'message' => 'Fish & chips' ) + $notice_bar_form );
			$t->contains( '>Fish &amp; chips<', $notice->markup( $notice_bar_now ), 'notice' );
		}
	),

	'A notice for members is not shown to visitors' => $notice_bar_test(
		'administrator',
		static function ( $t, $settings, $page, $notice ) use ( $notice_bar_saved, $notice_bar_now ): void {
			$settings->save( $notice_bar_saved, $notice_bar_now );
			$t->same( true, $notice->is_due( $notice_bar_now ), 'due to a member' );
			wp_set_current_user( 0 );
			$t->same( false, $notice->is_due( $notice_bar_now ), 'due to a visitor' );

			$settings->save( array( 'members_only' => false ) + $notice_bar_saved, $notice_bar_now );
			$t->same( true, $notice->is_due( $notice_bar_now ), 'due to a visitor if for everybody' );
		}
	),
);
